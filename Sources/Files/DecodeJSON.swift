import Foundation

/// Decodes a JSON text from outside, after a check that it is JSON and has no key twice.
///
/// Numbers that are not finite may be the texts `inf`, `-inf` and `nan`; dates are texts by ISO 8601.
///
/// - Parameters:
///   - path: the file that the text is from, for messages.
///   - expected: what the text is to be, for messages, such as "the manifest of a checkpoint".
///   - keys: `.convertFromSnakeCase` where names of properties were written in snake case.
/// - Throws: `FileError`, which names the kind of a file that is another one, or the line and the column where
///   the text breaks the rules of JSON, or the value that does not fit `type`.
package func decodeJSON<Value: Decodable>(
  _ type: Value.Type, from bytes: [UInt8], path: String, as expected: String,
  keys: JSONDecoder.KeyDecodingStrategy = .useDefaultKeys
) throws(FileError) -> Value {
  for (mark, encoding) in byteOrderMarks where bytes.starts(with: mark) {
    throw FileError(
      path, expected: "\(expected), in UTF-8 without a byte order mark",
      found: "the byte order mark of \(encoding)", hint: "save the file without it")
  }
  do { try JSONSyntax.check(bytes) } catch {
    if let kind = FileKind(of: bytes), kind.name != "a JSON text" {
      throw FileError(path, expected: expected, found: kind.name, hint: kind.hint)
    }
    throw FileError(
      "\(path), \(place(of: error.offset, in: bytes))", expected: error.expected, found: error.found)
  }
  let decoder = JSONDecoder()
  decoder.keyDecodingStrategy = keys
  decoder.dateDecodingStrategy = .iso8601
  decoder.nonConformingFloatDecodingStrategy = .convertFromString(
    positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
  do { return try decoder.decode(type, from: Data(bytes)) } catch {
    throw FileError(
      path, expected: expected, found: (error as? DecodingError)?.inOneLine ?? "\(error)")
  }
}

/// What some editors put before a text. RFC 8259, 8.1, forbids it for JSON.
private let byteOrderMarks: [(mark: [UInt8], encoding: String)] = [
  ([0xEF, 0xBB, 0xBF], "UTF-8"), ([0xFF, 0xFE], "UTF-16"), ([0xFE, 0xFF], "UTF-16"),
]

/// Line and column of a byte of a text, both from 1; columns count characters of Unicode.
private func place(of offset: Int, in bytes: [UInt8]) -> String {
  let before = bytes[..<offset]
  let newline = UInt8(ascii: "\n")
  let line = before.count { $0 == newline } + 1
  let start = before.lastIndex(of: newline).map { $0 + 1 } ?? 0
  return "line \(line), column \(String(decoding: before[start...], as: UTF8.self).unicodeScalars.count + 1)"
}

extension DecodingError {
  /// Says where in the document the error is, and what it is.
  fileprivate var inOneLine: String {
    switch self {
    case .keyNotFound(let key, let context): Self.line(context, "\(shown(key.stringValue)) is missing")
    case .typeMismatch(let type, let context): Self.line(context, "expected \(type)")
    case .valueNotFound(let type, let context): Self.line(context, "expected \(type), found null")
    case .dataCorrupted(let context): Self.line(context, escaped(context.debugDescription, length: 1000))
    @unknown default: "\(self)"
    }
  }

  private static func line(_ context: Context, _ what: String) -> String {
    var path = ""
    for key in context.codingPath {
      if let index = key.intValue {
        path += "[\(index)]"
      } else {
        path += (path.isEmpty ? "" : ".") + escaped(key.stringValue)
      }
    }
    return path.isEmpty ? what : "\(path): \(what)"
  }
}
