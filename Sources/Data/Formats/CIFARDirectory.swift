import Files
import Tensors

/// A directory with the binary files of CIFAR-10 or CIFAR-100 (Krizhevsky 2009):
///
///     data_batch_1.bin ... data_batch_5.bin  test_batch.bin  batches.meta.txt
///     train.bin  test.bin  fine_label_names.txt
///
/// A record is the label, in CIFAR-100 behind that of a coarser class, and 32 x 32 pixels, first all red, then all
/// green, then all blue ones.
struct CIFARDirectory: DataFormat {
  private static let shape = Shape(32, 32, 3)
  private let directory: Path
  private let names: Set<String>
  private let isFine: Bool

  /// Nil where no name is that of such a file.
  init?(_ directory: Path, _ names: [Path]) {
    self.directory = directory
    self.names = Set(names.map(\.text))
    isFine = self.names.contains("train.bin")
    guard isFine || self.names.contains(where: { $0.hasPrefix("data_batch_") && $0.hasSuffix(".bin") }) else {
      return nil
    }
  }

  private var classes: Int { isFine ? 100 : 10 }

  /// Paths of the files of a part.
  private func files(_ part: DataPart) -> [String] {
    let files =
      switch (isFine, part) {
      case (true, _): names.filter { $0 == "\(part.rawValue).bin" }
      case (false, .train): names.filter { $0.hasPrefix("data_batch_") && $0.hasSuffix(".bin") }
      case (false, .test): names.filter { $0 == "test_batch.bin" }
      }
    return files.sorted().map { (directory / Path($0)).text }
  }

  /// All pixels, and a file whole.
  func memory(_ part: DataPart) throws(DataError) -> Int {
    let sizes = try files(part).map { path throws(DataError) in try fileSize(path) }
    return sizes.reduce(0, +) + (sizes.max() ?? 0)
  }

  func load(_ part: DataPart, as _: ImageInput) throws(DataError) -> (any Dataset)? {
    let files = files(part)
    guard !files.isEmpty else { return nil }
    var (pixels, labels): ([UInt8], [Int32]) = ([], [])
    pixels.reserveCapacity(try memory(part))
    for path in files { try add(path, to: &pixels, &labels) }
    return LabeledImages(
      shape: Self.shape, classes: classes, classNames: try classNames(), images: pixels, labels: labels)
  }

  private func add(_ path: String, to pixels: inout [UInt8], _ labels: inout [Int32]) throws(DataError) {
    let bytes = try readFile(path)
    let head = isFine ? 2 : 1
    let (size, plane) = (head + Self.shape.count, Self.shape.height * Self.shape.width)
    guard !bytes.isEmpty, bytes.count % size == 0 else {
      throw DataError(
        path, expected: "records of \(size) bytes", found: "\(bytes.count) bytes",
        hint: "the file is truncated or damaged; fetch it again")
    }
    for start in stride(from: 0, to: bytes.count, by: size) {
      let label = bytes[start + head - 1]
      guard label < classes else {
        throw DataError(
          path, expected: "labels in 0..<\(classes)", found: "label \(label) of image \(start / size)")
      }
      labels.append(Int32(label))
      for pixel in 0..<plane {
        for channel in 0..<3 { pixels.append(bytes[start + head + channel * plane + pixel]) }
      }
    }
  }

  /// Those of the file that comes with the data; nil where it is not there.
  private func classNames() throws(DataError) -> [String]? {
    let name = isFine ? "fine_label_names.txt" : "batches.meta.txt"
    guard names.contains(name) else { return nil }
    let path = (directory / Path(name)).text
    let lines = String(decoding: try readFile(path), as: UTF8.self).split(whereSeparator: \.isNewline)
      .map(String.init)
    guard lines.count == classes else {
      throw DataError(path, expected: "the names of \(classes) classes", found: "\(lines.count)")
    }
    return lines
  }
}
