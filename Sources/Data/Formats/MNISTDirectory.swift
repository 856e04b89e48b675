import Files
import Tensors

/// A directory with the four files of MNIST, or of a data set in its format (Fashion-MNIST, KMNIST, EMNIST, QMNIST),
/// each gzipped or not, with or without something before their names:
///
///     train-images-idx3-ubyte  train-labels-idx1-ubyte  t10k-images-idx3-ubyte  t10k-labels-idx1-ubyte
///     emnist-letters-train-images-idx3-ubyte.gz  qmnist-test-labels-idx2-int.gz
///
/// Images are (N, H, W), or (N, H, W, C); labels (N), or (N, M) of which the first column counts, as in QMNIST.
struct MNISTDirectory: DataFormat {
  private let directory: Path
  private let names: [Path]
  private let options: DataOptions

  /// Nil where no name is that of images in this format.
  init?(_ directory: Path, _ names: [Path], _ options: DataOptions) {
    guard names.contains(where: { $0.text.contains("-images") && $0.text.contains("idx") }) else {
      return nil
    }
    (self.directory, self.names, self.options) = (directory, names, options)
  }

  /// One part, checked: as many labels as images, labels from 0 on. Nil where it has no file.
  func load(_ part: DataPart, as _: ImageInput) throws(DataError) -> (any Dataset)? {
    guard let imagesPath = try find(part, "images", "idx3"), let labelsPath = try find(part, "labels", "idx1")
    else {
      // One without the other is a fault.
      let missing = ["images", "labels"].map { ($0, $0 == "images" ? "idx3" : "idx1") }
      for (kind, rank) in missing {
        let other = kind == "images" ? "labels" : "images"
        guard try find(part, kind, rank) == nil, try find(part, other, "") != nil else { continue }
        let name = "\(Self.marks(part)[0])-\(kind)-\(rank)-ubyte"
        throw DataError(
          directory.text, expected: "\(name) or \(name).gz", found: "neither",
          hint: "the directory must hold MNIST's four files")
      }
      return nil
    }
    let images = try IDXFile(path: imagesPath, ranks: 3...4)
    let labels = try IDXFile(path: labelsPath, ranks: 1...2, elements: IDXFile.Element.allCases)
    guard images.dimensions.allSatisfy({ $0 > 0 }) else {
      throw DataError(images.path, expected: "images", found: "dimensions \(images.dimensions)")
    }
    guard images.dimensions[0] == labels.dimensions[0] else {
      throw DataError(
        labels.path, expected: "\(images.dimensions[0]) labels, one for each image of \(images.path)",
        found: "\(labels.dimensions[0])")
    }
    let columns = labels.dimensions.count == 2 ? labels.dimensions[1] : 1
    guard columns > 0 else {
      throw DataError(labels.path, expected: "labels", found: "dimensions \(labels.dimensions)")
    }
    let numbers = labels.numbers
    let own = try labelsFromZero(
      stride(from: 0, to: numbers.count, by: columns).map { numbers[$0] }, first: options.firstLabel,
      isTrain: part == .train, path: labels.path, place: { "\(labels.path), image \($0)" })
    let shape = Shape(
      images.dimensions[1], images.dimensions[2], images.dimensions.count == 4 ? images.dimensions[3] : 1)
    let (pixels, seen) =
      options.transpose ? (transposed(images.bytes, shape), shape.transposed) : (images.bytes, shape)
    return LabeledImages(shape: seen, classes: Int(own.max() ?? 0) + 1, images: pixels, labels: own)
  }

  func memory(_ part: DataPart) throws(DataError) -> Int {
    guard let path = try find(part, "images", "idx3") else { return 0 }
    return try IDXFile.byteCount(path: path, ranks: 3...4) * (options.transpose ? 2 : 1)
  }

  /// Height and width exchanged, as EMNIST's images are stored.
  private func transposed(_ images: [UInt8], _ shape: Shape) -> [UInt8] {
    let (height, width, channels) = (shape.height, shape.width, shape.channels)
    return [UInt8](unsafeUninitializedCapacity: images.count) { target, count in
      for image in 0..<images.count / shape.count {
        let start = image * shape.count
        for row in 0..<height {
          for column in 0..<width {
            let (from, to) = (
              start + (row * width + column) * channels, start + (column * height + row) * channels
            )
            for channel in 0..<channels { target[to + channel] = images[from + channel] }
          }
        }
      }
      count = images.count
    }
  }

  private static func marks(_ part: DataPart) -> [String] { part == .train ? ["train"] : ["t10k", "test"] }

  /// The file of images or labels in one of the spellings that are around; nil where there is none.
  private func find(_ part: DataPart, _ kind: String, _ rank: String) throws(DataError) -> String? {
    let fitting = names.map(\.text).filter { name in
      Self.marks(part).contains { name.contains("\($0)-\(kind)") } && name.contains("idx")
    }
    // One that is there in several spellings, or gzipped, too, is one data set.
    let spellings = Dictionary(grouping: fitting) { name in
      let stem = name.hasSuffix(".gz") ? String(name.dropLast(3)) : name
      return stem.replacing(".idx", with: "-idx")
    }
    guard let same = spellings.values.first else { return nil }
    guard spellings.count == 1 else {
      throw DataError(
        directory.text, expected: "one file of \(part.rawValue) \(kind)",
        found: spellings.keys.sorted().joined(separator: ", "),
        hint: "put each data set into a directory of its own")
    }
    let paths = same.sorted { ($0.count, $0) < ($1.count, $1) }.map { (directory / Path($0)).text }
    return paths.first(where: isRegularFile) ?? paths[0]
  }
}

extension Shape {
  fileprivate var transposed: Shape { Shape(width, height, channels) }
}
