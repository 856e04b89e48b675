import Data
import Files
import Tensors

/// One image to predict, and its name in tables.
struct PredictionInput: Sendable {
  enum Source: Sendable {
    case file
    /// An image of an IDX file.
    case decoded(DecodedImage)
  }

  /// The file that the image is in.
  let path: Path
  /// The image as tables name it: the path, with a number in brackets for one of an IDX file.
  let name: String
  let source: Source

  /// The image as bytes of `shape`.
  func pixels(_ shape: Shape, _ preprocessing: Preprocessing?, _ orientation: ImageOrientation, invert: Bool)
    throws -> [UInt8]
  {
    let image =
      switch source {
      case .file: try ImageFile.read(path, orientation)
      case .decoded(let image): image
      }
    return image.fitted(to: shape, preprocessing, invert: invert)
  }

  /// The images that a path means: itself, those of an IDX file, or those in a directory and below it; and what is
  /// wrong with directories there that cannot be listed.
  ///
  /// - Throws: `DataError` when there is none.
  static func list(_ path: Path) throws(DataError) -> (inputs: [PredictionInput], errors: [FileError]) {
    guard exists(path.text) else {
      throw DataError(
        path.text, expected: "an image, a directory or an IDX file", found: "nothing of that name")
    }
    if isDirectory(path.text) {
      let tree = ImageFile.list(in: path)
      guard !tree.files.isEmpty || !tree.errors.isEmpty else {
        throw DataError(
          path.text, expected: "files that end in \(ImageFile.endings.joined(separator: ", "))", found: "none"
        )
      }
      return (tree.files.map(PredictionInput.init), tree.errors)
    }
    return (IDXFile.isLikely(path.text) ? try idxImages(path) : [PredictionInput(path)], [])
  }

  private init(_ path: Path) {
    self.path = path
    name = "\(path)"
    source = .file
  }

  private init(_ path: Path, _ index: Int, _ image: DecodedImage) {
    self.path = path
    name = "\(path)[\(index)]"
    source = .decoded(image)
  }

  private static func idxImages(_ path: Path) throws(DataError) -> [PredictionInput] {
    let file = try IDXFile(path: path.text, ranks: 3...3)
    let shape = Shape(file.dimensions[1], file.dimensions[2], 1)
    guard shape.count > 0, file.dimensions[0] > 0 else {
      throw DataError(path.text, expected: "images", found: "dimensions \(file.dimensions)")
    }
    return (0..<file.dimensions[0]).map { index in
      let pixels = Array(file.bytes[index * shape.count..<(index + 1) * shape.count])
      return PredictionInput(path, index, DecodedImage(shape: shape, pixels: pixels))
    }
  }
}
