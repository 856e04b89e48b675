import Files
import Glibc
import Tensors

/// A directory with the four files of MNIST, or of a data set in its format (Fashion-MNIST, EMNIST, KMNIST),
/// each gzipped or not:
///
///     train-images-idx3-ubyte  train-labels-idx1-ubyte  t10k-images-idx3-ubyte  t10k-labels-idx1-ubyte
package struct MNISTDirectory {
  private let path: String

  /// - Throws: `DataError` when there is no such directory.
  package init(path: String) throws(DataError) {
    var status = stat()
    guard stat(path, &status) == 0 else {
      throw DataError(
        path, expected: "a directory with data", found: "\"\(String(cString: strerror(errno)))\"",
        hint: "give --data the directory that holds train-images-idx3-ubyte.gz and its three companions")
    }
    guard status.st_mode & S_IFMT == S_IFDIR else {
      throw DataError(path, expected: "a directory with data", found: "a file")
    }
    self.path = path
  }

  /// One part, checked: as many labels as images, labels in 0..<classes.
  package func load(_ part: DataPart, classes: Int) throws(DataError) -> LabeledImages {
    let prefix = part == .train ? "train" : "t10k"
    let images = try IDXFile(path: find("\(prefix)-images", "idx3"), rank: 3)
    let labels = try IDXFile(path: find("\(prefix)-labels", "idx1"), rank: 1)
    guard images.dimensions.allSatisfy({ $0 > 0 }) else {
      throw DataError(images.path, expected: "images", found: "dimensions \(images.dimensions)")
    }
    guard images.dimensions[0] == labels.dimensions[0] else {
      throw DataError(
        labels.path, expected: "\(images.dimensions[0]) labels, one for each image of \(images.path)",
        found: "\(labels.dimensions[0])")
    }
    if let index = labels.bytes.firstIndex(where: { Int($0) >= classes }) {
      throw DataError(
        labels.path, expected: "labels in 0..<\(classes), the model's classes",
        found: "label \(labels.bytes[index]) of image \(index)")
    }
    return LabeledImages(
      shape: Shape(images.dimensions[1], images.dimensions[2], 1), classes: classes, images: images.bytes,
      labels: labels.bytes)
  }

  /// The file in one of the spellings that are around.
  private func find(_ name: String, _ kind: String) throws(DataError) -> String {
    let names = ["\(name)-\(kind)-ubyte", "\(name).\(kind)-ubyte"].flatMap { [$0, "\($0).gz"] }
    let paths = names.map { "\(path)/\($0)" }
    if let file = paths.first(where: isRegularFile) { return file }
    // One that is there, but no file, is named when it is opened.
    if let other = paths.first(where: exists) { return other }
    throw DataError(
      path, expected: "\(names[0]) or \(names[1])", found: "neither",
      hint: "the directory must hold MNIST's four files")
  }
}
