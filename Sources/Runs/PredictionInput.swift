import Data
import Foundation
import Tensors

/// One image to predict, and its name in tables.
struct PredictionInput: Sendable {
  enum Source: Sendable {
    case file
    /// An image of an IDX file.
    case decoded(DecodedImage)
  }

  let name: String
  let source: Source

  /// The image as bytes of `shape`.
  func pixels(_ shape: Shape, invert: Bool) throws -> [UInt8] {
    let image =
      switch source {
      case .file: try ImageFile.read(name)
      case .decoded(let image): image
      }
    return image.fitted(to: shape, invert: invert)
  }

  /// The images that a path means: itself, those of an IDX file, or those in a directory and below it.
  ///
  /// - Throws: `DataError` when there is none.
  static func list(_ path: String) throws -> [PredictionInput] {
    var isDirectory: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isDirectory) else {
      throw DataError(path, expected: "an image, a directory or an IDX file", found: "nothing of that name")
    }
    if isDirectory.boolValue {
      let files = ImageFile.list(in: path)
      guard !files.isEmpty else {
        throw DataError(path, expected: "files that end in .png, .jpg or .jpeg", found: "none")
      }
      return files.map { PredictionInput(name: $0, source: .file) }
    }
    guard IDXFile.isLikely(path) else { return [PredictionInput(name: path, source: .file)] }
    return try idxImages(path)
  }

  private static func idxImages(_ path: String) throws(DataError) -> [PredictionInput] {
    let file = try IDXFile(path: path, rank: 3)
    let shape = Shape(file.dimensions[1], file.dimensions[2], 1)
    guard shape.count > 0, file.dimensions[0] > 0 else {
      throw DataError(path, expected: "images", found: "dimensions \(file.dimensions)")
    }
    return (0..<file.dimensions[0]).map { index in
      let pixels = Array(file.bytes[index * shape.count..<(index + 1) * shape.count])
      return PredictionInput(
        name: "\(path)[\(index)]", source: .decoded(DecodedImage(shape: shape, pixels: pixels)))
    }
  }
}
