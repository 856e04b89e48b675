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
  private var hasLostOutput = false

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

  /// With colors where they are to be seen.
  package func shown(_ text: StyledText) -> String {
    terminal?.isColored == true ? text.colored : text.plain
  }

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
}
