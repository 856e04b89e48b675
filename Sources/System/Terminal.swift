import Glibc

/// The terminal that this program's output ends on.
package struct Terminal: Sendable {
  private let path: String

  /// Nil where the output goes to a file or pipe, or to a terminal that can show lines only (`TERM=dumb`).
  ///
  /// Open MPI gives every rank a pseudo-terminal, also when mpirun's own output goes to a file: then mpirun,
  /// the parent process, has to be asked. A rank on another host than mpirun's has no terminal.
  package init?() {
    guard isatty(STDOUT_FILENO) == 1, Self.environment("TERM") != "dumb" else { return nil }
    let isLaunched = Self.environment("OMPI_COMM_WORLD_SIZE") != nil
    let path = Self.link("/proc/\(isLaunched ? "\(getppid())" : "self")/fd/1") ?? ""
    guard path.hasPrefix("/dev/pts/") || path.hasPrefix("/dev/tty") else { return nil }
    self.path = path
  }

  /// Its columns at the moment.
  package var width: Int {
    let file = open(path, O_RDONLY | O_NOCTTY | O_CLOEXEC)
    guard file >= 0 else { return 80 }
    defer { close(file) }
    var size = winsize()
    guard ioctl(file, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }

  /// Parts of texts may stand out, unless `NO_COLOR` is set (<https://no-color.org>).
  package var isColored: Bool { (Self.environment("NO_COLOR") ?? "").isEmpty }

  private static func environment(_ name: String) -> String? { getenv(name).map { String(cString: $0) } }

  private static func link(_ path: String) -> String? {
    withUnsafeTemporaryAllocation(of: CChar.self, capacity: 4096) { buffer in
      let length = readlink(path, buffer.baseAddress!, buffer.count - 1)
      guard length > 0 else { return nil }
      buffer[length] = 0
      return String(cString: buffer.baseAddress!)
    }
  }
}
