import Files
import Tensors

/// Archives of NumPy's, each with images and labels of one part, or of both:
///
///     images  labels                                      (N, H, W) or (N, H, W, C) bytes; (N) or (N, 1) integers
///     x_train  y_train  x_test  y_test                    as in Keras' mnist.npz
///     train_images  train_labels  test_images  ...        as in MedMNIST; val_... where there is no test_...
///
/// Several files are one data set, in the natural order of their names, see `PartFiles`.
struct NPZFiles: DataFormat {
  private let files: PartFiles
  private let options: DataOptions

  /// Nil where there are no such files.
  init?(_ directory: Path, _ names: [Path], _ options: DataOptions) throws(DataError) {
    guard let files = try PartFiles(directory, names, ending: ".npz") else { return nil }
    (self.files, self.options) = (files, options)
  }

  /// One file.
  init(_ path: Path, _ options: DataOptions) { (files, self.options) = (PartFiles(path), options) }

  /// Names of the arrays of images and labels of a part in one file.
  private struct Pair {
    let images: String
    let labels: String
  }

  /// Names that tell no part.
  private static let plain = [Pair(images: "images", labels: "labels")]

  private static func told(_ part: DataPart) -> [Pair] {
    (part == .train ? ["train"] : ["test", "val"]).flatMap { part in
      [
        Pair(images: "x_\(part)", labels: "y_\(part)"),
        Pair(images: "\(part)_images", labels: "\(part)_labels"),
      ]
    }
  }

  /// The files that a part may be in, and the names that its arrays have there.
  private func places(_ part: DataPart) -> [(path: String, pairs: [Pair])] {
    let plain = files.areTold || part == .train ? Self.plain : []
    let own = (files.paths[part] ?? []).map { ($0.text, plain + Self.told(part)) }
    // Files whose names tell no part may have the test images beside the training images.
    let shared = part == .test && !files.areTold ? files.paths[.train] ?? [] : []
    return own + shared.map { ($0.text, Self.told(.test)) }
  }

  /// All pixels, and an array as it is in its file.
  func memory(_ part: DataPart) throws(DataError) -> Int {
    let sizes = try places(part).map { path, pairs throws(DataError) in
      let file = try NPZFile(path: path)
      let names = file.names
      let pair = pairs.first { names.contains($0.images) }
      return if let pair { try file.byteCount(pair.images) } else { 0 }
    }
    return sizes.reduce(0, +) + (sizes.max() ?? 0)
  }

  func load(_ part: DataPart, as _: ImageInput) throws(DataError) -> (any Dataset)? {
    var images = LoadedArrays(capacity: try memory(part))
    for (path, pairs) in places(part) {
      guard try !add(path, pairs, to: &images), part == .train || files.areTold else { continue }
      try requirePair(path, part, files.areTold ? [] : Self.told(part == .train ? .test : .train))
    }
    guard let shape = images.shape else { return nil }
    let labels = try labelsFromZero(
      images.labels, first: options.firstLabel, isTrain: part == .train, path: images.path,
      place: images.place)
    return LabeledImages(
      shape: shape, classes: Int(labels.max() ?? 0) + 1, images: images.pixels, labels: labels)
  }

  /// Adds the images of the first pair that the file has.
  ///
  /// - Returns: whether it has any.
  private func add(_ path: String, _ pairs: [Pair], to images: inout LoadedArrays) throws(DataError) -> Bool {
    var file = try NPZFile(path: path)
    for pair in pairs where file.names.contains(pair.images) || file.names.contains(pair.labels) {
      for name in [pair.images, pair.labels] where !file.names.contains(name) {
        throw DataError(
          path, expected: "arrays \(shown(pair.images)) and \(shown(pair.labels))", found: "no \(shown(name))"
        )
      }
      let labels = try file.array(pair.labels)
      try images.add(
        try file.array(pair.images), labels, path: path, names: (pair.images, pair.labels))
      return true
    }
    return false
  }

  /// - Parameter others: pairs of another part, which make it no error that this part is not there.
  private func requirePair(_ path: String, _ part: DataPart, _ others: [Pair]) throws(DataError) {
    let names = try NPZFile(path: path).names
    guard !others.contains(where: { names.contains($0.images) }) else { return }
    let expected = (Self.plain + Self.told(part).prefix(1)).map { "\($0.images) and \($0.labels)" }
    throw DataError(
      path, expected: "arrays \(expected.joined(separator: ", or "))",
      found: names.isEmpty ? "none" : names.prefix(8).map(shown).joined(separator: ", "))
  }
}

/// Images and labels of several files, one after the other.
private struct LoadedArrays {
  private(set) var shape: Shape?
  private(set) var pixels: [UInt8] = []
  private(set) var labels: [Int] = []
  /// Files, and the number of the first image of each.
  private var files: [(path: String, start: Int)] = []

  /// - Parameter capacity: bytes of pixels that there is to be room for, which is taken when they come.
  init(capacity: Int) { pixels.reserveCapacity(capacity) }

  var path: String { files.first?.path ?? "" }

  /// What messages call an image.
  func place(_ image: Int) -> String {
    guard let file = files.last(where: { $0.start <= image }) else { return path }
    return "\(file.path), image \(image - file.start)"
  }

  mutating func add(
    _ images: NumPyArray, _ labels: NumPyArray, path: String, names: (images: String, labels: String)
  ) throws(DataError) {
    let place = "\(path), \(shown(names.images))"
    let shape = try Self.shape(of: images, place)
    if let other = self.shape, other != shape {
      throw DataError(place, expected: "images of \(other), as in \(self.path)", found: "\(shape)")
    }
    let numbers = try Self.numbers(of: labels, "\(path), \(shown(names.labels))")
    guard numbers.count == images.shape[0] else {
      throw DataError(
        "\(path), \(shown(names.labels))", expected: "a label for each of \(images.shape[0]) images",
        found: "\(numbers.count)")
    }
    files.append((path, self.labels.count))
    self.shape = shape
    self.labels += numbers
    images.append(to: &pixels)
  }

  private static func shape(of images: NumPyArray, _ place: String) throws(DataError) -> Shape {
    let sizes = images.shape.map(String.init).joined(separator: " x ")
    guard images.type == .uint8 else {
      let hint =
        images.type.kind == .float
        ? "where they are in [0, 1], (images * 255).round().astype(\"uint8\")" : nil
      throw DataError(place, expected: "images of type uint8", found: images.type.name, hint: hint)
    }
    guard (3...4).contains(images.shape.count), images.shape.allSatisfy({ $0 > 0 }) else {
      throw DataError(
        place, expected: "images, N x H x W or N x H x W x C", found: sizes.isEmpty ? "a number" : sizes)
    }
    if images.shape.count == 4, [1, 3].contains(images.shape[1]), images.shape[3] > 4 {
      throw DataError(
        place, expected: "images N x H x W x C", found: sizes,
        hint: "where channels come first, images.transpose(0, 2, 3, 1)")
    }
    return Shape(images.shape[1], images.shape[2], images.shape.count == 4 ? images.shape[3] : 1)
  }

  private static func numbers(of labels: NumPyArray, _ place: String) throws(DataError) -> [Int] {
    let sizes = labels.shape.map(String.init).joined(separator: " x ")
    guard labels.shape.count == 1 || labels.shape.count == 2 && labels.shape[1] == 1 else {
      let hint = labels.shape.count == 2 ? "where each row has a 1 for its class, labels.argmax(1)" : nil
      throw DataError(
        place, expected: "labels, N or N x 1", found: sizes.isEmpty ? "a number" : sizes, hint: hint)
    }
    guard let integers = labels.integers else {
      throw DataError(
        place, expected: "labels of an integer type",
        found: labels.type.isInteger ? "numbers above \(Int.max)" : labels.type.name,
        hint: labels.type.kind == .float ? "labels.astype(\"int64\")" : nil)
    }
    return integers
  }
}
