import Reporting

/// Text for `man`, in the macros of man(7): what is text in here is text there, whatever characters it has.
struct Roff {
  private(set) var text = ""
  private var isBehindHeading = false

  /// A page's first lines, after which text is filled with a ragged edge and no hyphens.
  ///
  /// - Parameter date: as 2026-11-21.
  mutating func begin(_ name: String, section: Int, date: String, source: String, manual: String) {
    text += ".TH \"\(name)\" \(section) \(date) \"\(source)\" \"\(manual)\"\n.nh\n.ad l\n"
  }

  /// A macro, such as `.SH NAME`.
  mutating func macro(_ name: String, _ arguments: String...) {
    let quoted = arguments.map { " \"\(Self.escaped($0))\"" }.joined()
    text += ".\(name)\(quoted)\n"
    isBehindHeading = name == "SH" || name == "SS"
  }

  /// Text that is filled.
  mutating func add(_ words: String) {
    for line in wrapped(words.split(separator: "\n").joined(separator: " "), width: 60) { addLine(line) }
  }

  /// Begins a paragraph, as a heading does, too.
  mutating func beginParagraph() {
    if !isBehindHeading { macro("PP") }
  }

  /// Lines of text as they stand, such as commands.
  mutating func addVerbatim(_ lines: String) {
    beginParagraph()
    macro("nf")
    macro("RS", "4")
    for line in lines.split(separator: "\n") { addLine(String(line)) }
    macro("RE")
    macro("fi")
  }

  private mutating func addLine(_ line: String) {
    let escaped = Self.escaped(line)
    // A line must not look like a macro.
    text += (escaped.hasPrefix(".") ? "\\&" : "") + escaped + "\n"
    isBehindHeading = false
  }

  /// A term and its explanation.
  mutating func define(_ term: String, _ explanation: String) {
    macro("TP")
    macro("B", term)
    add(explanation)
  }

  /// Paragraphs with blank lines between. One whose lines have two columns is a list of terms; indented lines stand as
  /// they are.
  mutating func addParagraphs(_ paragraphs: String) {
    for paragraph in paragraphs.split(separator: "\n\n") {
      if let terms = Terms(String(paragraph)) {
        for term in terms.rows { define(term.name, term.text) }
      } else {
        addFilled(paragraph.split(separator: "\n"))
      }
    }
  }

  /// A paragraph, of which indented lines stand as they are.
  private mutating func addFilled(_ lines: [Substring]) {
    var rest = lines[...]
    while let line = rest.first {
      let isIndented = line.hasPrefix(" ")
      let alike = rest.prefix { $0.hasPrefix(" ") == isIndented }
      rest = rest.dropFirst(alike.count)
      let text = alike.map { $0.drop { $0 == " " } }.joined(separator: "\n")
      if isIndented {
        addVerbatim(text)
      } else {
        beginParagraph()
        add(text)
      }
    }
  }

  private static func escaped(_ text: String) -> String {
    text.map { character in
      switch character {
      case "\\": "\\e"
      case "-": "\\-"
      case "'": "\\(aq"
      case "`": "\\(ga"
      case "^": "\\(ha"
      case "~": "\\(ti"
      case "\"": "\\(dq"
      default: String(character)
      }
    }.joined()
  }
}

/// A list of terms with explanations in a second column, which may go on in lines of its own.
private struct Terms {
  var rows: [(name: String, text: String)] = []

  /// Nil for lines that are no such list.
  init?(_ paragraph: String) {
    for line in paragraph.split(separator: "\n") {
      if line.hasPrefix("   "), !rows.isEmpty {
        rows[rows.count - 1].text += " " + line.drop { $0 == " " }
      } else if !line.hasPrefix(" "), let gap = line.firstRange(of: "  ") {
        rows.append((String(line[..<gap.lowerBound]), String(line[gap.upperBound...].drop { $0 == " " })))
      } else {
        return nil
      }
    }
  }
}
