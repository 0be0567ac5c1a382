// Sending by the system while the app is not running at all. Only parsed where the tests run: see docs/device-trials.md. What
// is not Apple's own is in SystemSending.swift, and tested.

#if canImport(Security) && os(iOS)
  import Foundation
  import Security
  import VisitbookCore

  /// Uploads that go on when the app is suspended or was ended by the system. Make one while the app starts, always: the system
  /// starts the app anew to hand over what came meanwhile. The system follows redirects by itself here, so that a network's
  /// sign-in page is what answers then, and counts as none of the council's; what it was sent is sealed.
  public final class BackgroundUploads: NSObject, UploadCarrier, @unchecked Sendable {
    /// Names the session; what `handleEventsForBackgroundURLSession` is called with.
    public static let identifier = "visitbook.uploads"

    private let answers = InOrder()
    private let lock = NSLock()
    private var session: URLSession?
    private var bodies: [Int: Data] = [:]
    private var told: (@Sendable () -> Void)?
    private var sending: SystemSending?

    /// `device` gives the device as it is now, in whichever state; if it is not open, opened locked; nothing if there is none.
    public init(device: @escaping @Sendable () async -> (any Device)?) {
      super.init()
      sending = SystemSending(self, device: device)
      let configuration = URLSessionConfiguration.background(withIdentifier: Self.identifier)
      configuration.sessionSendsLaunchEvents = true
      configuration.isDiscretionary = false
      configuration.urlCache = nil
      configuration.httpCookieStorage = nil
      // The answers of a former life of the app may come from here on.
      session = URLSession(configuration: configuration, delegate: self, delegateQueue: nil)
    }

    /// Gives the system everything that waits. Call it as the app goes to the background, while it starts, and at the end of a
    /// background task. What fails is tried again by the next call.
    public func give() async { _ = try? await sending?.give() }

    /// From the app's delegate, with its completion handler, which is called once all answers are kept.
    public func handleEvents(_ completion: @escaping @Sendable () -> Void) {
      lock.withLock { told = completion }
    }

    public func underWay() async -> Set<String> {
      let tasks = await session?.allTasks ?? []
      return Set(tasks.compactMap(\.taskDescription))
    }

    public func begin(_ order: UploadOrder) async {
      guard let url = URL(string: order.url), let session else { return }
      var request = URLRequest(url: url)
      request.httpMethod = "POST"
      request.setValue(order.mediaType, forHTTPHeaderField: "Content-Type")
      request.setValue(order.mediaType, forHTTPHeaderField: "Accept")
      let task = session.uploadTask(with: request, fromFile: URL(fileURLWithPath: order.path))
      // Outlives the app.
      task.taskDescription = order.name
      task.resume()
    }
  }

  /// No answer of the council is larger.
  private let mostBytes = 8 << 20

  extension BackgroundUploads: URLSessionDataDelegate {
    public func urlSession(_ session: URLSession, dataTask: URLSessionDataTask, didReceive data: Data) {
      let tooLarge = lock.withLock {
        bodies[dataTask.taskIdentifier, default: Data()].append(data)
        return (bodies[dataTask.taskIdentifier]?.count ?? 0) > mostBytes
      }
      if tooLarge { dataTask.cancel() }
    }

    public func urlSession(_ session: URLSession, task: URLSessionTask, didCompleteWithError error: (any Error)?) {
      let body = lock.withLock { bodies.removeValue(forKey: task.taskIdentifier) }
      guard let name = task.taskDescription, let sending else { return }
      var answer: CouncilAnswer?
      if error == nil, let response = task.response as? HTTPURLResponse {
        answer = CouncilAnswer(
          status: UInt16(clamping: response.statusCode), body: body ?? Data(),
          mediaType: response.value(forHTTPHeaderField: "Content-Type"),
          retryAfter: response.value(forHTTPHeaderField: "Retry-After").flatMap { UInt64($0) })
      }
      answers.add { [answer] in _ = try? await sending.finished(name, answer) }
    }

    public func urlSessionDidFinishEvents(forBackgroundURLSession session: URLSession) {
      let told = lock.withLock {
        defer { self.told = nil }
        return self.told
      }
      guard let told else { return }
      answers.add { await MainActor.run { told() } }
    }

    /// The council's server is verified by the platform's roots or by the council's own.
    public func urlSession(
      _ session: URLSession, didReceive challenge: URLAuthenticationChallenge,
      completionHandler: @escaping @Sendable (URLSession.AuthChallengeDisposition, URLCredential?) -> Void
    ) {
      guard let trust = challenge.protectionSpace.serverTrust, let sending else {
        completionHandler(.performDefaultHandling, nil)
        return
      }
      nonisolated(unsafe) let server = trust
      Task {
        let roots = await sending.roots().compactMap { SecCertificateCreateWithData(nil, $0 as CFData) }
        SecTrustSetAnchorCertificates(server, roots as CFArray)
        SecTrustSetAnchorCertificatesOnly(server, false)
        let verified = SecTrustEvaluateWithError(server, nil)
        completionHandler(
          verified ? .useCredential : .cancelAuthenticationChallenge, verified ? URLCredential(trust: server) : nil)
      }
    }
  }
#endif
