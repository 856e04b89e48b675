/// A JSON object on a line of its own, key by key. Numbers are written so that they read back exactly, those
/// that are not finite as the texts `inf`, `-inf` and `nan`, as in `run.json`.
///
/// - Precondition: keys and texts have nothing in them that JSON would escape.
struct JSONLine {
  private var text = "{"

  /// A number.
  enum Value: Sendable {
    case whole(Int)
    case number(Double)
  }

  mutating func add(_ key: String, _ value: Value) {
    switch value {
    case .whole(let number): addPair(key, "\(number)")
    case .number(let number): addPair(key, number.isFinite ? "\(number)" : "\"\(number)\"")
    }
  }

  mutating func add(_ key: String, _ text: String) { addPair(key, "\"\(text)\"") }

  private mutating func addPair(_ key: String, _ value: String) {
    if text.utf8.count > 1 { text += "," }
    text += "\"\(key)\":\(value)"
  }

  /// The whole line, with its end.
  var bytes: [UInt8] { Array((text + "}\n").utf8) }
}
