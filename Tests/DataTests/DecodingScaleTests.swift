import Data
import Files
import Foundation
import Tensors
import TestSupport
import Testing

/// Large JPEG files are decoded smaller where little of them is wanted, and what comes out differs by what is said.
@Suite struct DecodingScaleTests {
  /// Some real photos, upright and turned.
  private static let photos: [Path] = {
    let directory = Path("\(packageRoot)/../shared/data/pets")
    return Array(ImageFile.list(in: directory).files.prefix(40))
  }()

  /// Mean and largest difference of bytes.
  private func difference(_ a: [UInt8], _ b: [UInt8]) -> (mean: Double, largest: Int) {
    #expect(a.count == b.count && !a.isEmpty)
    let differences = zip(a, b).map { abs(Int($0) - Int($1)) }
    return (Double(differences.reduce(0, +)) / Double(a.count), differences.max() ?? 0)
  }

  /// Parts of photos, also those that begin between the pixels of the smaller image.
  @Test(.enabled(if: !photos.isEmpty), arguments: [2, 4, 8])
  func partsOfPhotosDifferByLessThanALevelOnAverage(_ factor: Int) throws {
    var sums = 0.0
    for (number, photo) in Self.photos.enumerated() {
      let bytes = try readFile(photo.text)
      let whole = try ImageFile.decode(bytes, path: photo.text)
      let small = try ImageFile.decode(bytes, path: photo.text) { height, width in
        #expect((height, width) == (whole.shape.height, whole.shape.width))
        return factor
      }
      #expect(small.scale.factor == factor && small.scale.height == whole.shape.height)
      #expect(small.shape.height == (whole.shape.height + factor - 1) / factor)
      let (top, left) = (number % 11, number % 7)
      let rows = top..<whole.shape.height - number % 5
      let columns = left..<whole.shape.width - number % 3
      let side = min(rows.count, columns.count) / (2 * factor)
      let found = difference(
        small.rgb.resized(height: side, width: side, .bilinear, from: rows, columns).pixels,
        whole.rgb.resized(height: side, width: side, .bilinear, from: rows, columns).pixels)
      sums += found.mean
    }
    #expect(sums / Double(Self.photos.count) < 1, "\(sums / Double(Self.photos.count))")
  }

  @Test(arguments: [(401, 1), (201, 1), (200, 2), (101, 2), (100, 4), (51, 4), (50, 8), (10, 8)])
  func aScaleLeavesTwiceThePixelsWanted(_ target: Int, _ factor: Int) {
    #expect(DecodingScale.factor(from: 801, to: target) == factor)
  }
}
