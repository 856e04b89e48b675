import Glibc

/// What the program prints for people and for other programs, on standard output.
package enum StandardOutput {
  /// Prints text, all of it.
  ///
  /// - Throws: `LostOutput` when it, or a part of it, could not be written.
  package static func print(_ text: String) throws(LostOutput) {
    guard !isUnreadBehindLauncher else { throw LostOutput(code: EPIPE) }
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { write(STDOUT_FILENO, $0.baseAddress, $0.count) }
      if count > 0 {
        bytes = bytes.dropFirst(count)
      } else if errno == EAGAIN {
        // Another program made the pipe or terminal non-blocking.
        var writable = pollfd(fd: STDOUT_FILENO, events: Int16(POLLOUT), revents: 0)
        poll(&writable, 1, -1)
      } else if errno != EINTR {
        throw LostOutput(code: errno)
      }
    }
    // Network file systems report here what they could not store.
    let copy = dup(STDOUT_FILENO)
    guard copy < 0 || close(copy) == 0 else { throw LostOutput(code: errno) }
  }

  /// The launcher passes on to a pipe what this process prints, and nobody reads that pipe any more. Open
  /// MPI's mpirun ends the job after a few writes to it, so nothing may be sent there.
  ///
  /// What a launcher on another host does cannot be seen.
  private static var isUnreadBehindLauncher: Bool {
    guard let path = outputOfLauncher else { return false }
    var status = stat()
    guard stat(path, &status) == 0, status.st_mode & S_IFMT == S_IFIFO else { return false }
    let end = open(path, O_WRONLY | O_NONBLOCK | O_CLOEXEC)
    // A pipe with a name.
    guard end >= 0 else { return errno == ENXIO }
    defer { close(end) }
    var state = pollfd(fd: end, events: 0, revents: 0)
    return poll(&state, 1, 0) == 1 && state.revents & Int16(POLLERR) != 0
  }

  /// Where the standard output of the mpirun that started this process goes; nil for none.
  private static let outputOfLauncher: String? =
    getenv("OMPI_COMM_WORLD_SIZE") == nil ? nil : JobLauncher.find().map { "/proc/\($0.id)/fd/1" }
}

/// Output that could not be written.
package struct LostOutput: Error, Equatable, CustomStringConvertible {
  /// What the system says, see `errno`.
  package let code: Int32

  package init(code: Int32) { self.code = code }

  /// Nobody reads it any more, as behind `| head`: nobody wants to know, either.
  package var isUnread: Bool { code == EPIPE }

  package var description: String {
    "standard output: expected to write to it, found \"\(String(cString: strerror(code)))\""
  }
}
