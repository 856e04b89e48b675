import Files
import Glibc
import Tensors

/// A directory or file of data, whose form is told by what is in it.
package struct DataSource {
  private let path: String
  private let format: any DataFormat
  private let isFile: Bool

  /// - Throws: `DataError` when there is nothing there, or nothing that can be read.
  package init(path: String, _ options: DataOptions = DataOptions()) throws(DataError) {
    self.path = path
    guard exists(path) else {
      throw DataError(
        path, expected: "a directory or file of data",
        found: "\"\(String(cString: strerror(ENOENT)))\"", hint: Self.hint)
    }
    isFile = !isDirectory(path)
    format = isFile ? try Self.file(Path(path), options) : try Self.directory(Path(path), options)
  }

  private static func directory(_ directory: Path, _ options: DataOptions) throws(DataError) -> any DataFormat
  {
    let names = try names(inDirectory: directory)
    if let pack = try Pack(directory, names) { return pack }
    if let mnist = MNISTDirectory(directory, names, options) { return mnist }
    if let cifar = CIFARDirectory(directory, names) { return cifar }
    if let cifar = CIFARPickles(directory, names) { return cifar }
    if let arrays = try NPZFiles(directory, names, options) { return arrays }
    if let shards = try TarShards(directory, names, options) { return shards }
    if let tables = try LabelTables(directory, names, options) { return tables }
    if let images = try ImageFolder(directory, names) { return images }
    if let error = TarShards.compressed(directory, names) { throw error }
    throw DataError(
      directory.text, expected: "a directory with data",
      found: names.isEmpty
        ? "nothing in it" : "only \(names.prefix(3).map(\.description).joined(separator: ", "))",
      hint: hint)
  }

  private static func file(_ path: Path, _ options: DataOptions) throws(DataError) -> any DataFormat {
    let start = try readStart(of: path.text, FileKind.bytesNeeded, as: "a directory or file of data")
    let kind = FileKind(of: start)
    if kind?.name == FileKind.npz { return NPZFiles(path, options) }
    if TarArchive.isLikely(start) || kind?.name == FileKind.tar { return try TarShards(path, options) }
    if let kind, kind.name != "a JSON text" {
      throw DataError(
        path.text, expected: "a directory or file of data", found: kind.name, hint: kind.hint ?? hint)
    }
    guard LabelTable.isLikely(path) || !start.isEmpty && !start.contains(0) else {
      throw DataError(
        path.text, expected: "a directory or file of data",
        found: start.isEmpty ? "an empty file" : "a file that begins with \(Array(start.prefix(4)))",
        hint: hint)
    }
    return try LabelTables(train: path, test: nil, options)
  }

  private static let hint =
    "that is MNIST's four files (or of a data set in their format), CIFAR's binary files or those for Python, .npz archives, .tar shards, images in a directory for each class, or a .csv table of images and labels"

  /// One part; nil where there is none.
  ///
  /// - Parameters:
  ///   - input: what images are made that come in any size.
  ///   - isAlone: no other part is read, so that a file of one part has this one whichever it is.
  package func load(
    _ part: DataPart, as input: ImageInput, isAlone: Bool = false
  ) throws(DataError) -> (any Dataset)? {
    if let found = try format.load(part, as: input) { return found }
    return isAlone && isFile ? try format.load(part == .test ? .train : .test, as: input) : nil
  }

  /// The most bytes that `load` takes at once for pixels; 0 where these stay in their files.
  package func memory(_ part: DataPart, isAlone: Bool = false) throws(DataError) -> Int {
    let found = try format.memory(part)
    return found == 0 && isAlone && isFile ? try format.memory(part == .test ? .train : .test) : found
  }

  /// The error where a part is wanted that is not there.
  package func missing(_ part: DataPart) -> DataError { Self.missing(part, in: path) }

  package static func missing(_ part: DataPart, in path: String) -> DataError {
    let hint = part == .test ? "images can be held out of the training images instead" : nil
    return DataError(path, expected: "\(part.rawValue) images", found: "none", hint: hint)
  }
}
