// Sending while the app is away. A background task is given a locked device, and never opens the vault. Only parsed where the
// tests run: see docs/device-trials.md.

#if canImport(BackgroundTasks) && os(iOS)
  import BackgroundTasks
  import Foundation

  /// Sends what is sealed when the system finds the time for it.
  public enum BackgroundSending {
    /// Stands in the app's `BGTaskSchedulerPermittedIdentifiers`.
    public static let identifier = "visitbook.send"

    /// Call it while the app starts. `device` gives the device as it is now, open or locked, if the app has one.
    public static func register(device: @escaping @Sendable () async -> (any Device)?) {
      BGTaskScheduler.shared.register(forTaskWithIdentifier: identifier, using: nil) { task in
        nonisolated(unsafe) let task = task
        let sending = Task {
          let outcome = try? await device()?.sync(SyncOptions(asked: false))
          if outcome?.moreWaiting == true { schedule() }
          task.setTaskCompleted(success: outcome?.ended == .complete)
        }
        task.expirationHandler = { sending.cancel() }
      }
    }

    /// Call it when the app goes to the background with something waiting.
    public static func schedule() {
      let request = BGProcessingTaskRequest(identifier: identifier)
      request.requiresNetworkConnectivity = true
      try? BGTaskScheduler.shared.submit(request)
    }
  }
#endif
