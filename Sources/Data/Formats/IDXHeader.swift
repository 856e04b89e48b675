import Files

/// What the header of an IDX file says, checked against the length of the file.
///
///     0, 0, type, number of dimensions, each dimension as a 32-bit big-endian number
struct IDXHeader {
  let element: IDXFile.Element
  /// The sizes of the dimensions, of the slowest first.
  let dimensions: [Int]
  /// Bytes of all numbers.
  let byteCount: Int

  /// Reads the header of a file that was just opened.
  ///
  /// - Parameters:
  ///   - ranks: how many dimensions it may have.
  ///   - elements: what its numbers may be.
  init(
    _ file: borrowing GzipFile, ranks: ClosedRange<Int>, elements: [IDXFile.Element]
  ) throws(DataError) {
    let magic = try file.read(4)
    guard magic.count == 4, magic.starts(with: [0, 0]), ranks.contains(Int(magic[3])),
      let element = IDXFile.Element(rawValue: magic[2]), elements.contains(element)
    else {
      let kind =
        magic.starts(with: [0, 0]) ? nil : FileKind(of: magic + (try file.read(FileKind.bytesNeeded - 4)))
      throw DataError(
        file.path, expected: Self.words(ranks, elements),
        found: magic.isEmpty
          ? "an empty file"
          : kind.map { file.isCompressed ? "\($0.name), gzipped" : $0.name } ?? "magic \(hexadecimal(magic))",
        hint: kind?.hint)
    }
    let rank = Int(magic[3])
    let header = try file.read(4 * rank)
    guard header.count == 4 * rank else {
      throw DataError(
        file.path, expected: "\(rank) dimensions in the header", found: "the end of the file")
    }
    self.element = element
    dimensions = (0..<rank).map { d in header[4 * d..<4 * d + 4].reduce(0) { $0 << 8 | Int($1) } }
    byteCount = try Self.checkedCount(dimensions, element, in: file)
  }

  /// Such as `an IDX file of bytes in 3 dimensions (magic 00000803)`.
  private static func words(_ ranks: ClosedRange<Int>, _ elements: [IDXFile.Element]) -> String {
    let numbers = elements == [.uint8] ? "bytes" : "whole numbers"
    let dimensions = ranks.map(String.init).joined(separator: " or ")
    let magics = elements.flatMap { element in
      ranks.map { hexadecimal([0, 0, element.rawValue, UInt8($0)]) }
    }
    return "an IDX file of \(numbers) in \(dimensions) dimension\(ranks == 1...1 ? "" : "s") "
      + "(magic \(magics.count > 2 ? "\(magics[0]) or such" : magics.joined(separator: " or ")))"
  }

  /// Number of bytes that the header promises, checked against the length of the file before memory is taken.
  private static func checkedCount(
    _ dimensions: [Int], _ element: IDXFile.Element, in file: borrowing GzipFile
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

  static func wrongLength(_ path: String, _ dimensions: [Int], found: String) -> DataError {
    let sizes = dimensions.map(String.init).joined(separator: " x ")
    return DataError(path, expected: "\(sizes) bytes, as its header says", found: found)
  }
}

/// The bytes in hexadecimal, as in `00000803`.
private func hexadecimal(_ bytes: [UInt8]) -> String {
  bytes.map { ($0 < 16 ? "0" : "") + String($0, radix: 16) }.joined()
}
