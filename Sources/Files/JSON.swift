/// A text as a JSON string, with its quotes.
package func jsonString(_ text: String) -> String {
  var result = "\""
  for scalar in text.unicodeScalars {
    switch scalar {
    case "\"": result += "\\\""
    case "\\": result += "\\\\"
    case "\n": result += "\\n"
    case ..<" ":
      let code = String(scalar.value, radix: 16)
      result += "\\u" + String(repeating: "0", count: 4 - code.count) + code
    default: result.unicodeScalars.append(scalar)
    }
  }
  return result + "\""
}

extension DecodingError {
  /// Where in the document the error is, and what it is.
  package var inOneLine: String {
    switch self {
    case .keyNotFound(let key, let context): Self.line(context, "\"\(key.stringValue)\" is missing")
    case .typeMismatch(let type, let context): Self.line(context, "expected \(type)")
    case .valueNotFound(let type, let context): Self.line(context, "expected \(type), found null")
    case .dataCorrupted(let context): Self.line(context, context.debugDescription)
    @unknown default: "\(self)"
    }
  }

  private static func line(_ context: Context, _ what: String) -> String {
    var path = ""
    for key in context.codingPath {
      if let index = key.intValue {
        path += "[\(index)]"
      } else {
        path += (path.isEmpty ? "" : ".") + key.stringValue
      }
    }
    return path.isEmpty ? what : "\(path): \(what)"
  }
}

/// Any key of a JSON object.
package struct AnyKey: CodingKey {
  package let stringValue: String
  package var intValue: Int? { nil }

  package init(stringValue: String) { self.stringValue = stringValue }
  package init?(intValue: Int) { nil }
}
