/// A text of a file in quotes, for messages: in one line, of at most 80 characters, and with escapes for those that
/// cannot be seen or that a terminal obeys.
package func shown(_ text: String) -> String { "\"\(escaped(text, quotes: true))\"" }

/// The same without quotes, for what is a name or a sentence.
package func escaped(_ text: String, length: Int = 80) -> String {
  escaped(text, quotes: false, length: length)
}

private func escaped(_ text: String, quotes: Bool, length: Int = 80) -> String {
  var escaped = ""
  for scalar in text.unicodeScalars.prefix(length) {
    switch scalar.properties.generalCategory {
    case .control, .format, .lineSeparator, .paragraphSeparator, .privateUse, .unassigned:
      escaped += scalar == "\n" ? "\\n" : "\\u{\(String(scalar.value, radix: 16))}"
    default:
      if quotes && (scalar == "\"" || scalar == "\\") { escaped += "\\" }
      escaped.unicodeScalars.append(scalar)
    }
  }
  return escaped + (text.unicodeScalars.count > length ? "..." : "")
}
