/// The manual page cnn-mpi(1).
func manualPage() -> String {
  var page = Roff()
  page.begin(
    "CNN-MPI", section: 1, date: CNNMPI.date, source: "cnn-mpi \(CNNMPI.version)", manual: "User Commands")
  page.macro("SH", "NAME")
  page.add("cnn-mpi - train convolutional networks on CPU clusters over MPI")
  page.macro("SH", "SYNOPSIS")
  page.addSynopsis()
  page.macro("SH", "DESCRIPTION")
  page.addParagraphs(ManualText.description)
  page.macro("SH", "COMMANDS")
  for subcommand in Subcommand.all { page.add(subcommand) }
  page.macro("SH", "EXIT STATUS")
  for code in ManualText.exitCodes { page.define("\(code.code)", code.meaning) }
  page.macro("SH", "ENVIRONMENT")
  for variable in ManualText.environment { page.define(variable.name, variable.meaning) }
  page.macro("SH", "FILES")
  page.add(ManualText.runDirectory)
  for file in ManualText.files { page.define(file.name, file.meaning) }
  page.macro("SH", "EXAMPLES")
  for example in ManualText.examples { page.addExample(example) }
  page.macro("SH", "SEE ALSO")
  page.add(ManualText.seeAlso)
  return page.text.trimmingNewline
}

extension Roff {
  /// The command lines of all subcommands.
  fileprivate mutating func addSynopsis() {
    for (index, line) in Subcommand.all.filter({ $0.members.isEmpty }).flatMap(\.help.usage).enumerated() {
      if index > 0 { macro("br") }
      add(line)
    }
  }

  fileprivate mutating func add(_ subcommand: Subcommand) {
    macro("SS", "cnn-mpi \(subcommand.name)")
    addVerbatim(subcommand.help.usage.joined(separator: "\n"))
    addParagraphs(subcommand.help.description)
    for member in subcommand.members { define("cnn-mpi \(member.name)", member.summary) }
    for group in subcommand.help.options {
      beginParagraph()
      macro("I", group.heading)
      for option in group.options { define(option.synopsis, option.help) }
    }
    addParagraphs(subcommand.help.closing)
  }

  fileprivate mutating func addExample(_ example: (text: String, commands: String)) {
    beginParagraph()
    add(example.text)
    addVerbatim(example.commands)
  }
}

extension String {
  /// Without the newline at the end, which printing adds.
  fileprivate var trimmingNewline: String { hasSuffix("\n") ? String(dropLast()) : self }
}
