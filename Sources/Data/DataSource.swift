import Files
import Glibc
import Tensors

/// A directory of data, whose format is told by what is in it.
package struct DataSource {
  private enum Format {
    case mnist(MNISTDirectory)
    case cifar(CIFARDirectory)
    case pack(Pack)
    case images(ImageFolder)
  }

  private let path: String
  private let format: Format

  /// - Throws: `DataError` when there is no such directory, or nothing in it that can be read.
  package init(path: String, _ options: DataOptions = DataOptions()) throws(DataError) {
    self.path = path
    let directory = Path(path)
    guard exists(path) else {
      throw DataError(
        path, expected: "a directory with data", found: "\"\(String(cString: strerror(ENOENT)))\"",
        hint: Self.hint)
    }
    guard isDirectory(path) else {
      throw DataError(path, expected: "a directory with data", found: "a file", hint: Self.hint)
    }
    let names = try names(inDirectory: directory)
    if let pack = try Pack(directory, names) {
      format = .pack(pack)
    } else if let mnist = MNISTDirectory(directory, names, options) {
      format = .mnist(mnist)
    } else if let cifar = CIFARDirectory(directory, names) {
      format = .cifar(cifar)
    } else if let images = try ImageFolder(directory, names) {
      format = .images(images)
    } else {
      throw DataError(
        path, expected: "a directory with data",
        found: names.isEmpty
          ? "nothing in it" : "only \(names.prefix(3).map(\.description).joined(separator: ", "))",
        hint: Self.hint)
    }
  }

  private static let hint =
    "that is MNIST's four files (or of a data set in their format), CIFAR's binary files, or images, a directory a class"

  /// One part; nil where there is none.
  ///
  /// - Parameter input: what images are made that come in any size.
  package func load(_ part: DataPart, as input: ImageInput) throws(DataError) -> (any Dataset)? {
    switch format {
    case .mnist(let files): try files.load(part)
    case .cifar(let files): try files.load(part)
    case .pack(let pack): try pack.load(part, as: input)
    case .images(let folder): try folder.load(part, as: input)
    }
  }

  /// The error where a part is wanted that is not there.
  package func missing(_ part: DataPart) -> DataError { Self.missing(part, in: path) }

  package static func missing(_ part: DataPart, in path: String) -> DataError {
    let hint = part == .test ? "images can be held out of the training images instead" : nil
    return DataError(path, expected: "\(part.rawValue) images", found: "none", hint: hint)
  }
}
