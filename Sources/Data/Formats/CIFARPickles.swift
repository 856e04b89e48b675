import Files
import Tensors

/// A directory with the files of CIFAR-10 or CIFAR-100 for Python (Krizhevsky 2009), which are pickles:
///
///     data_batch_1 ... data_batch_5  test_batch  batches.meta
///     train  test  meta
///
/// Each is a dictionary with `data`, (N, 3072) bytes, an image's red, green and blue planes of 32 x 32 pixels, and a
/// list of `labels`, or `fine_labels` in CIFAR-100. They are read without running anything.
struct CIFARPickles: DataFormat {
  private static let shape = Shape(32, 32, 3)
  private let directory: Path
  private let files: [DataPart: [Path]]
  /// The file with the classes' names; nil for none.
  private let meta: Path?
  private let isFine: Bool

  /// Nil where no file has the name and the first byte of such a one.
  init?(_ directory: Path, _ names: [Path]) {
    func isPickle(_ name: Path) -> Bool {
      guard let start = try? readStart(of: (directory / name).text, 1) else { return false }
      return start == [0x80]
    }
    let batches = names.filter { name in
      let number = name.text.trimmingPrefix("data_batch_")
      return number.utf8.count < name.bytes.count && Int(number) != nil
    }
    if let first = batches.first, isPickle(first) {
      isFine = false
      files = [.train: batches.naturallySorted(), .test: names.filter { $0 == Path("test_batch") }]
    } else if names.contains(Path("train")), isPickle(Path("train")) {
      isFine = true
      files = [.train: [Path("train")], .test: names.filter { $0 == Path("test") }]
    } else {
      return nil
    }
    self.directory = directory
    let meta = Path(isFine ? "meta" : "batches.meta")
    self.meta = names.contains(meta) ? meta : nil
  }

  private var classes: Int { isFine ? 100 : 10 }

  /// All pixels, and a file as it is, its array, and that by planes.
  func memory(_ part: DataPart) throws(DataError) -> Int {
    let sizes = try (files[part] ?? []).map { name throws(DataError) in
      try fileSize((directory / name).text)
    }
    return sizes.reduce(0, +) + 3 * (sizes.max() ?? 0)
  }

  func load(_ part: DataPart, as _: ImageInput) throws(DataError) -> (any Dataset)? {
    guard let names = files[part], !names.isEmpty else { return nil }
    var (pixels, labels): ([UInt8], [Int32]) = ([], [])
    pixels.reserveCapacity(try memory(part))
    for name in names { try add((directory / name).text, to: &pixels, &labels) }
    return LabeledImages(
      shape: Self.shape, classes: classes, classNames: try classNames(), images: pixels, labels: labels)
  }

  private func add(_ path: String, to pixels: inout [UInt8], _ labels: inout [Int32]) throws(DataError) {
    let pickle = try ArrayPickle(try readFile(path), path: path)
    let names = pickle.names.prefix(8).map(shown).joined(separator: ", ")
    guard let images = pickle.array("data"), images.type == .uint8, images.shape.count == 2,
      images.shape[1] == Self.shape.count
    else {
      throw DataError(
        path, expected: "images \"data\", rows of \(Self.shape.count) bytes",
        found: pickle.array("data").map { "\($0.shape) of \($0.type.name)" } ?? "entries \(names)")
    }
    let name = isFine ? "fine_labels" : "labels"
    guard let numbers = pickle.integers(name) else {
      throw DataError(path, expected: "whole numbers \(shown(name))", found: "entries \(names)")
    }
    guard numbers.count == images.shape[0] else {
      throw DataError(
        path, expected: "a label for each of \(images.shape[0]) images", found: "\(numbers.count)")
    }
    for (index, label) in numbers.enumerated() {
      guard (0..<classes).contains(label) else {
        throw DataError(path, expected: "labels in 0..<\(classes)", found: "label \(label) of image \(index)")
      }
      labels.append(Int32(label))
    }
    var planes: [UInt8] = []
    images.append(to: &planes)
    pixels.append(planes: planes, of: Self.shape)
  }

  /// Those of the file that comes with the data; nil where it is not there.
  private func classNames() throws(DataError) -> [String]? {
    guard let meta else { return nil }
    let path = (directory / meta).text
    let name = isFine ? "fine_label_names" : "label_names"
    let names = try ArrayPickle(try readFile(path), path: path).texts(name)
    guard let names, names.count == classes else {
      throw DataError(
        path, expected: "\(shown(name)) of \(classes) classes", found: names.map { "\($0.count)" } ?? "none")
    }
    return names
  }
}

extension [UInt8] {
  /// Adds images whose channels follow each other, (N, C, H, W), as (N, H, W, C).
  mutating func append(planes: [UInt8], of shape: Shape) {
    let (plane, channels) = (shape.height * shape.width, shape.channels)
    precondition(planes.count % shape.count == 0, "\(planes.count) bytes of images of \(shape)")
    for start in stride(from: 0, to: planes.count, by: shape.count) {
      for pixel in start..<start + plane {
        for channel in 0..<channels { append(planes[pixel + channel * plane]) }
      }
    }
  }
}
