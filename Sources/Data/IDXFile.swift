import Files

/// The format of the MNIST files: bytes in some dimensions, gzipped or not.
///
///     0, 0, 8 (unsigned bytes), number of dimensions, each dimension as a 32-bit big-endian number, the
///     bytes
///
/// LeCun, Cortes, Burges: *The MNIST database of handwritten digits*.
package struct IDXFile {
  package let path: String
  /// The sizes of the dimensions, of the slowest first.
  package let dimensions: [Int]
  package let bytes: [UInt8]

  /// Reads and checks a file of `rank` dimensions.
  package init(path: String, rank: Int) throws(DataError) {
    let file = try GzipFile(path: path)
    let magic = try file.read(4)
    let wanted: [UInt8] = [0, 0, 8, UInt8(rank)]
    guard magic == wanted else {
      let kind =
        magic.starts(with: [0, 0]) ? nil : FileKind(of: magic + (try file.read(FileKind.bytesNeeded - 4)))
      throw DataError(
        path, expected: "an IDX file of bytes in \(rank) dimensions (magic \(hexadecimal(wanted)))",
        found: magic.isEmpty
          ? "an empty file"
          : kind.map { file.isCompressed ? "\($0.name), gzipped" : $0.name } ?? "magic \(hexadecimal(magic))",
        hint: kind?.hint)
    }
    let header = try file.read(4 * rank)
    guard header.count == 4 * rank else {
      throw DataError(path, expected: "\(rank) dimensions in the header", found: "the end of the file")
    }
    let dimensions = (0..<rank).map { d in header[4 * d..<4 * d + 4].reduce(0) { $0 << 8 | Int($1) } }
    let count = try Self.checkedCount(dimensions, in: file)
    let bytes = try file.read(count)
    guard bytes.count == count else { throw Self.wrongLength(path, dimensions, found: "\(bytes.count)") }
    guard try file.read(1).isEmpty else { throw Self.wrongLength(path, dimensions, found: "more") }
    self.path = path
    self.dimensions = dimensions
    self.bytes = bytes
  }

  /// Number of bytes that the header promises, checked against the length of the file before memory is taken.
  private static func checkedCount(_ dimensions: [Int], in file: borrowing GzipFile) throws(DataError) -> Int
  {
    let onDisk = file.size - 4 * (dimensions.count + 1)
    // Deflate never packs more than 1,032 bytes into one.
    let capacity = file.isCompressed ? file.size * 1032 : onDisk
    var count = 1
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
