import Glibc
import System

/// How much a run tells people.
package enum Verbosity: String, Codable, Sendable {
  /// Warnings alone; errors end the program with their own message.
  case quiet
  case normal
  /// Also where the time goes.
  case verbose
}

/// Where a run tells people how it goes: standard output.
///
/// A terminal gets a line that is rewritten in place; a log file gets whole lines only.
package final class Console {
  /// Somebody watches on a terminal.
  package let isTerminal: Bool
  package let verbosity: Verbosity
  private let terminal: String?
  /// Parts of texts may stand out: on a terminal, unless `NO_COLOR` is set (<https://no-color.org>).
  private let isColored: Bool
  private var hasStatus = false
  private var hasLostOutput = false

  package init(_ verbosity: Verbosity = .normal) {
    self.verbosity = verbosity
    terminal = Self.terminalPath()
    isTerminal = terminal != nil
    isColored = isTerminal && (Self.environment("NO_COLOR") ?? "").isEmpty
  }

  /// Prints whole lines, unless it is to be quiet.
  package func print(_ text: StyledText) {
    if verbosity != .quiet { printAlways(text) }
  }

  package func print(_ text: String) { print(StyledText(text, .plain)) }

  /// Prints a line that people should see in any case.
  package func warn(_ text: String) { printAlways(StyledText("warning:", .yellow) + " \(text)") }

  private func printAlways(_ text: StyledText) {
    write((hasStatus ? "\r\u{1B}[K" : "") + shown(text) + "\n")
    hasStatus = false
  }

  /// Rewrites the line at the bottom, cut to the terminal's width. Does nothing without a terminal.
  package func status(_ text: (_ width: Int) -> StyledText) {
    guard isTerminal, verbosity != .quiet else { return }
    let width = self.width
    write("\r\u{1B}[K" + shown(text(width).prefix(width - 1)))
    hasStatus = true
  }

  /// With colors where they are to be seen.
  package func shown(_ text: StyledText) -> String { isColored ? text.colored : text.plain }

  /// The run goes on where nothing can be written, in silence where nobody reads any more.
  private func write(_ text: String) {
    do {
      try StandardOutput.print(text)
    } catch {
      if !error.isUnread && !hasLostOutput {
        printError("cnn-mpi: warning: \(error); what the run says from here on may be lost")
      }
      hasLostOutput = true
    }
  }

  /// Columns of the terminal.
  private var width: Int {
    guard let terminal, case let file = open(terminal, O_RDONLY | O_NOCTTY), file >= 0 else { return 80 }
    defer { close(file) }
    var size = winsize()
    guard ioctl(file, UInt(TIOCGWINSZ), &size) == 0, size.ws_col > 0 else { return 80 }
    return Int(size.ws_col)
  }

  /// Path of the terminal that the output ends on; nil for a file or pipe.
  ///
  /// Open MPI gives every rank a pseudo-terminal, also when mpirun's own output goes to a file: then mpirun,
  /// the parent process, has to be asked. A rank on another host than mpirun's has no terminal.
  private static func terminalPath() -> String? {
    guard isatty(STDOUT_FILENO) == 1, environment("TERM") != "dumb" else { return nil }
    let isLaunched = environment("OMPI_COMM_WORLD_SIZE") != nil
    let path = link("/proc/\(isLaunched ? "\(getppid())" : "self")/fd/1") ?? ""
    return path.hasPrefix("/dev/pts/") || path.hasPrefix("/dev/tty") ? path : nil
  }

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
