import CSimdjson
import Files

/// Reads arrays of numbers in JSON, with simdjson.
struct JSONNumbers: ~Copyable {
  private let parser: OpaquePointer

  init() {
    guard let parser = csimdjson_make() else { preconditionFailure("simdjson got no memory") }
    self.parser = parser
  }

  deinit { csimdjson_free(parser) }

  /// Reads `[1, 2, ...]`, or the same as the only row of an array of rows.
  ///
  /// - Parameter numbers: gets the first of them, as many as it holds.
  /// - Returns: how many there are.
  /// - Throws: `FileError` when the file cannot be read, or is something else.
  func read(_ path: String, into numbers: UnsafeMutableBufferPointer<Float>) throws(FileError) -> Int {
    let padding = csimdjson_padding()
    let bytes = try readFile(path, padding: padding)
    var text = [CChar](repeating: 0, count: Int(CSIMDJSON_ERROR_LENGTH))
    let count = bytes.withUnsafeBytes { buffer in
      csimdjson_numbers(
        parser, buffer.baseAddress?.assumingMemoryBound(to: CChar.self), buffer.count - padding, buffer.count,
        numbers.baseAddress, numbers.count, &text)
    }
    guard count >= 0 else {
      throw FileError(
        path, expected: "a JSON array of numbers, the features of an image",
        found: bytes.count == padding ? "an empty file" : String(cString: text))
    }
    return count
  }
}
