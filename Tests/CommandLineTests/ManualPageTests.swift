import Foundation
import TestSupport
import Testing

@Suite struct ManualPageTests {
  private static func page() throws -> String {
    let program = try Program.run(["manual"])
    #expect(program.exitCode == 0 && program.errors.isEmpty)
    return program.output
  }

  /// The page's text of each command, without the marks of roff.
  private static func sections() throws -> [String: String] {
    let text = try page().replacing("\\-", with: "-").replacing("\\(dq", with: "\"")
    let parts = text.components(separatedBy: "\n.SS \"").dropFirst().map {
      $0.components(separatedBy: "\n.SH")[0]
    }
    return Dictionary(
      uniqueKeysWithValues: parts.map { part in
        let end = part.firstIndex(of: "\"") ?? part.endIndex
        return (String(part[..<end]), String(part[end...]))
      })
  }

  @Test func allOptionsOfAllCommandsAreThere() throws {
    let commands = try ListedCommand.all().filter { !$0.words.isEmpty }
    let sections = try Self.sections()
    #expect(Set(sections.keys) == Set(commands.map(\.description)))
    for command in commands {
      let terms = sections[command.description, default: ""].split(separator: "\n").filter {
        $0.hasPrefix(".B ")
      }
      for option in command.options {
        let placeholder = command.placeholder(of: option).map { " \($0)" } ?? ""
        let isThere = terms.contains {
          $0.hasSuffix("\(option)\(placeholder)\"") || $0.contains("\"\(option), ")
        }
        #expect(isThere, "\(command): \(option)\(placeholder)")
      }
    }
  }

  @Test func itHasTheSectionsOfAManualPage() throws {
    let page = try Self.page()
    let headings = page.split(separator: "\n").filter { $0.hasPrefix(".SH") }.map { $0.dropFirst(4) }
    #expect(
      headings == [
        #""NAME""#, #""SYNOPSIS""#, #""DESCRIPTION""#, #""COMMANDS""#, #""EXIT STATUS""#, #""ENVIRONMENT""#,
        #""FILES""#, #""EXAMPLES""#, #""SEE ALSO""#,
      ])
    #expect(page.contains("\n.B \"75\"\n") && page.contains("\n.B \"CNN_MPI_SRUN_MPI\"\n"))
  }

  @Test(.enabled(if: isInstalled("man"), "no man: apt install man-db"))
  func manHasNoWarnings() throws { try check(["man", "--warnings", "-l"]) }

  @Test(.enabled(if: isInstalled("groff"), "no groff: apt install groff"))
  func groffHasNoWarnings() throws { try check(["groff", "-man", "-ww", "-z"]) }

  @Test(.enabled(if: isInstalled("mandoc"), "no mandoc: apt install mandoc"))
  func mandocHasNoWarnings() throws { #expect(try check(["mandoc", "-Tlint"]).isEmpty) }

  /// Runs a program on the page that says on standard error what is wrong with it; what it prints else.
  @discardableResult
  private func check(_ checker: [String]) throws -> String {
    try withTemporaryDirectory { directory in
      let page = "\(directory)/cnn-mpi.1"
      try Data(try Self.page().utf8).write(to: URL(fileURLWithPath: page))
      let environment = ["MANPAGER": "cat", "MANWIDTH": "200", "LC_ALL": "C.UTF-8"]
      let program = try RunningProgram(checker + [page], environment, seconds: 60).wait()
      #expect(program.exitCode == 0 && program.errors.isEmpty, "\(program.errors)")
      return program.output
    }
  }

  /// What begins with a period, or has backslashes and quotes, comes out as it is.
  @Test(.enabled(if: isInstalled("man"), "no man: apt install man-db"))
  func itReadsAsItIsMeant() throws {
    let text = try check(["man", "-l"])
    for line in [
      "       --launcher-options \"...\"\n", "       -v, --verbose\n",
      "directory with MNIST's or CIFAR's files",
      "           mpirun -np 4 cnn-mpi --data mnist --out runs/a --resume auto\n",
    ] {
      #expect(text.contains(line), "\(line)")
    }
  }
}
