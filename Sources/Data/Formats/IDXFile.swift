import Files

/// The format of the MNIST files: whole numbers in some dimensions, gzipped or not.
///
///     0, 0, type, number of dimensions, each dimension as a 32-bit big-endian number, the numbers, big-endian too
///
/// LeCun, Cortes, Burges: *The MNIST database of handwritten digits*.
package struct IDXFile {
  /// What the numbers are; the raw value is the header's type.
  package enum Element: UInt8, CaseIterable, Sendable {
    case uint8 = 0x08
    case int8 = 0x09
    case int16 = 0x0B
    case int32 = 0x0C

    var size: Int {
      switch self {
      case .uint8, .int8: 1
      case .int16: 2
      case .int32: 4
      }
    }
  }

  package let path: String
  package let element: Element
  /// The sizes of the dimensions, of the slowest first.
  package let dimensions: [Int]
  /// The numbers as they are in the file.
  package let bytes: [UInt8]

  /// Reads and checks a file.
  ///
  /// - Parameters:
  ///   - ranks: how many dimensions it may have.
  ///   - elements: what its numbers may be.
  package init(
    path: String, ranks: ClosedRange<Int>, elements: [Element] = [.uint8]
  ) throws(DataError) {
    let file = try GzipFile(path: path)
    let header = try IDXHeader(file, ranks: ranks, elements: elements)
    let bytes = try file.read(header.byteCount)
    guard bytes.count == header.byteCount else {
      throw IDXHeader.wrongLength(path, header.dimensions, found: "\(bytes.count)")
    }
    guard try file.read(1).isEmpty else {
      throw IDXHeader.wrongLength(path, header.dimensions, found: "more")
    }
    self.path = path
    (element, dimensions) = (header.element, header.dimensions)
    self.bytes = bytes
  }

  /// The numbers.
  package var numbers: [Int] {
    let size = element.size
    return (0..<bytes.count / size).map { index in
      let value = bytes[index * size..<(index + 1) * size].reduce(0) { $0 << 8 | Int($1) }
      let isNegative = element != .uint8 && bytes[index * size] >= 0x80
      return isNegative ? value - 1 << (8 * size) : value
    }
  }

  /// Bytes of the numbers of a file of bytes.
  static func byteCount(path: String, ranks: ClosedRange<Int>) throws(DataError) -> Int {
    try IDXHeader(try GzipFile(path: path), ranks: ranks, elements: [.uint8]).byteCount
  }
}

extension IDXFile {
  /// The file begins as an IDX file does, or is gzipped: images of other formats never are.
  package static func isLikely(_ path: String) -> Bool {
    guard let start = try? readStart(of: path, 4), start.count == 4 else { return false }
    return start.starts(with: [0x1F, 0x8B]) || start.starts(with: [0, 0, 8])
  }
}
