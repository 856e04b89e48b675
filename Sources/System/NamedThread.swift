import CSystem
import Glibc

/// Threads that live by themselves: nobody waits for their end.
package enum NamedThread {
  /// Bytes of address space that a thread's stack takes unless told otherwise.
  package static let stackBytes = 8 << 20

  /// Starts a thread that runs `body`.
  ///
  /// - Parameter name: for debuggers and `top`, which see its first 15 characters.
  /// - Throws: where there can be no further thread, as by a limit of processes or of address space.
  ///
  /// Corresponds to `pthread_create`.
  package static func start(
    _ name: String, stackBytes: Int = stackBytes, _ body: @escaping @Sendable () -> Void
  ) throws(SystemError) {
    let purpose = "to start the thread \"\(name)\""
    var attributes = pthread_attr_t()
    try SystemError.check(pthread_attr_init(&attributes), purpose)
    defer { pthread_attr_destroy(&attributes) }
    // Not the limit that a shell sets for the main thread's, which may be none.
    try SystemError.check(pthread_attr_setstacksize(&attributes, stackBytes), purpose)
    try SystemError.check(
      pthread_attr_setdetachstate(&attributes, Int32(PTHREAD_CREATE_DETACHED)), purpose)
    let work = Unmanaged.passRetained(Work(name, body))
    var thread = pthread_t()
    let code = pthread_create(
      &thread, &attributes,
      { work in
        guard let work else { return nil }
        Unmanaged<Work>.fromOpaque(work).takeRetainedValue().run()
        return nil
      }, work.toOpaque())
    if code != 0 { work.release() }
    try SystemError.check(code, purpose)
  }

  /// What a thread is to do.
  private final class Work {
    private let name: String
    private let body: @Sendable () -> Void

    init(_ name: String, _ body: @escaping @Sendable () -> Void) {
      self.name = name
      self.body = body
    }

    func run() {
      csystem_set_thread_name(pthread_self(), name)
      body()
    }
  }
}
