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
  package let verbosity: Verbosity
  private let terminal: Terminal?
  private var hasStatus = false

  package init(_ verbosity: Verbosity = .normal) {
    self.verbosity = verbosity
    terminal = Terminal()
  }

  /// Somebody watches on a terminal.
  package var isTerminal: Bool { terminal != nil }

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
    guard let terminal, verbosity != .quiet else { return }
    let width = terminal.width
    write("\r\u{1B}[K" + shown(text(width).prefix(width - 1)))
    hasStatus = true
  }

  private func shown(_ text: StyledText) -> String {
    terminal?.isColored == true ? text.colored : text.plain
  }

  private func write(_ text: String) {
    var bytes = Array(text.utf8)[...]
    while !bytes.isEmpty {
      let count = bytes.withUnsafeBytes { Glibc.write(STDOUT_FILENO, $0.baseAddress, $0.count) }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { return }  // Nobody reads any more; the run goes on.
      bytes = bytes.dropFirst(count)
    }
  }
}
