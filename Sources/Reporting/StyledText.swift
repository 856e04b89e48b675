/// Text in which some parts stand out where a terminal can show that, and which is plain elsewhere.
package struct StyledText: ExpressibleByStringLiteral, ExpressibleByStringInterpolation, Sendable {
  package enum Style: String, Sendable {
    case plain = ""
    case bold = "1"
    case faint = "2"
    case blue = "34"
    case yellow = "33"
    case boldGreen = "1;32"
    case boldRed = "1;31"
  }

  private var parts: [(text: String, style: Style)]

  package init(_ text: String, _ style: Style) { parts = [(text, style)] }
  package init(stringLiteral text: String) { self.init(text, .plain) }

  package static func + (a: Self, b: Self) -> Self {
    var sum = a
    sum.parts += b.parts
    return sum
  }

  /// Characters, as they take columns of a terminal.
  package var count: Int { parts.reduce(0) { $0 + $1.text.count } }

  /// Without any style.
  package var plain: String { parts.map(\.text).joined() }

  /// With the styles as escape sequences of ECMA-48 (select graphic rendition).
  package var colored: String {
    parts.map { part in
      part.style == .plain || part.text.isEmpty
        ? part.text : "\u{1B}[\(part.style.rawValue)m\(part.text)\u{1B}[0m"
    }.joined()
  }

  /// The first `limit` characters.
  package func prefix(_ limit: Int) -> Self {
    var (cut, left) = (Self("", .plain), max(limit, 0))
    for part in parts {
      cut.parts.append((String(part.text.prefix(left)), part.style))
      left = max(left - part.text.count, 0)
    }
    return cut
  }
}
