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
    let magic = try file.read(4)
    guard magic.count == 4, magic.starts(with: [0, 0]), ranks.contains(Int(magic[3])),
      let element = Element(rawValue: magic[2]), elements.contains(element)
    else {
      let kind =
        magic.starts(with: [0, 0]) ? nil : FileKind(of: magic + (try file.read(FileKind.bytesNeeded - 4)))
      throw DataError(
        path, expected: Self.words(ranks, elements),
        found: magic.isEmpty
          ? "an empty file"
          : kind.map { file.isCompressed ? "\($0.name), gzipped" : $0.name } ?? "magic \(hexadecimal(magic))",
        hint: kind?.hint)
    }
    let rank = Int(magic[3])
    let header = try file.read(4 * rank)
    guard header.count == 4 * rank else {
      throw DataError(path, expected: "\(rank) dimensions in the header", found: "the end of the file")
    }
    let dimensions = (0..<rank).map { d in header[4 * d..<4 * d + 4].reduce(0) { $0 << 8 | Int($1) } }
    let count = try Self.checkedCount(dimensions, element, in: file)
    let bytes = try file.read(count)
    guard bytes.count == count else { throw Self.wrongLength(path, dimensions, found: "\(bytes.count)") }
    guard try file.read(1).isEmpty else { throw Self.wrongLength(path, dimensions, found: "more") }
    self.path = path
    self.element = element
    self.dimensions = dimensions
    self.bytes = bytes
  }

  /// Such as `an IDX file of bytes in 3 dimensions (magic 00000803)`.
  private static func words(_ ranks: ClosedRange<Int>, _ elements: [Element]) -> String {
    let numbers = elements == [.uint8] ? "bytes" : "whole numbers"
    let dimensions = ranks.map(String.init).joined(separator: " or ")
    let magics = elements.flatMap { element in
      ranks.map { hexadecimal([0, 0, element.rawValue, UInt8($0)]) }
    }
    return "an IDX file of \(numbers) in \(dimensions) dimension\(ranks == 1...1 ? "" : "s") "
      + "(magic \(magics.count > 2 ? "\(magics[0]) or such" : magics.joined(separator: " or ")))"
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

  /// Number of bytes that the header promises, checked against the length of the file before memory is taken.
  private static func checkedCount(
    _ dimensions: [Int], _ element: Element, in file: borrowing GzipFile
  ) throws(DataError) -> Int {
    let onDisk = file.size - 4 * (dimensions.count + 1)
    // Deflate never packs more than 1,032 bytes into one.
    let capacity = file.isCompressed ? file.size * 1032 : onDisk
    var count = element.size
    for dimension in dimensions {
      let (product, overflow) = count.multipliedReportingOverflow(by: dimension)
      guard !overflow, product <= capacity else {
        throw wrongLength(
          file.path, dimensions,
          found: file.isCompressed ? "a compressed file of \(file.size) bytes" : "\(onDisk)")
      }
      count = product
    }
    return count
  }

  private static func wrongLength(_ path: String, _ dimensions: [Int], found: String) -> DataError {
    let sizes = dimensions.map(String.init).joined(separator: " x ")
    return DataError(path, expected: "\(sizes) bytes, as its header says", found: found)
  }
}

/// The bytes in hexadecimal, as in `00000803`.
private func hexadecimal(_ bytes: [UInt8]) -> String {
  bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}

extension IDXFile {
  /// The file begins as an IDX file does, or is gzipped: images of other formats never are.
  package static func isLikely(_ path: String) -> Bool {
    guard let start = try? readStart(of: path, 4), start.count == 4 else { return false }
    return start.starts(with: [0x1F, 0x8B]) || start.starts(with: [0, 0, 8])
  }
}
