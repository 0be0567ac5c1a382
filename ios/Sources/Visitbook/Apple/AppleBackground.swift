// Sending while the app is away. A background task is given a locked device, and never opens the vault. Only parsed where the
// tests run: see docs/device-trials.md.

#if canImport(BackgroundTasks) && os(iOS)
  import BackgroundTasks
  import Foundation

  /// Sends what is sealed when the system finds the time for it.
  public enum BackgroundSending {
    /// Stands in the app's `BGTaskSchedulerPermittedIdentifiers`.
    public static let identifier = "visitbook.send"

    /// Call it while the app starts. `device` gives the device as it is now, open or locked, if the app has one. What the time
    /// did not reach for goes to `uploads`.
    public static func register(
      uploads: BackgroundUploads? = nil, device: @escaping @Sendable () async -> (any Device)?
    ) {
      BGTaskScheduler.shared.register(forTaskWithIdentifier: identifier, using: nil) { task in
        nonisolated(unsafe) let task = task
        let completed = Completion { task.setTaskCompleted(success: $0) }
        let sending = Task {
          let outcome = try? await device()?.sync(SyncOptions(asked: false))
          if outcome?.moreWaiting == true {
            await uploads?.give()
            schedule()
          }
          completed(outcome?.ended == .complete)
        }
        // The sync ends within a quarter of a second; the system is told at once, for it ends an app that keeps it waiting.
        task.expirationHandler = {
          sending.cancel()
          completed(false)
        }
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
