import Data
import Foundation
import Tensors
import TestSupport
import Testing

@Suite struct AugmentationTests {
  /// Blobs whose values change slowly, so that rounding of coordinates does not show, up to the border.
  static func images(_ shape: Shape, count: Int) -> LabeledImages {
    let pixels = (0..<count).flatMap { image in
      (0..<shape.count).map { place -> UInt8 in
        let (y, x) = (place / shape.channels / shape.width, place / shape.channels % shape.width)
        let wave = sin(0.4 * Double(x + image)) * cos(0.3 * Double(y - place % shape.channels))
        return UInt8(127 + 120 * wave)
      }
    }
    return LabeledImages(
      shape: shape, classes: 2, images: pixels, labels: [Int32](repeating: 1, count: count))
  }

  private func load(
    _ images: LabeledImages, _ kind: AugmentationKind, _ positions: Range<Int>, order: [UInt32]? = nil,
    seed: UInt64 = 1, epoch: Int = 0
  ) throws -> [[Float]] {
    let loader = BatchLoader(
      images,
      Normalization(
        mean: [Float](repeating: 0.25, count: images.shape.channels),
        deviation: [Float](repeating: 0.5, count: images.shape.channels)),
      order: order, augmentation: try Augmentation(kind, shape: images.shape, seed: seed), epoch: epoch)
    var inputs = [Float](repeating: .nan, count: positions.count * images.shape.count)
    var labels = [Int32](repeating: -1, count: positions.count)
    var samples = [UInt32](repeating: 0, count: positions.count)
    var inputSpan = inputs.mutableSpan
    var labelSpan = labels.mutableSpan
    var sampleSpan = samples.mutableSpan
    try loader.load(positions, images: &inputSpan, labels: &labelSpan, samples: &sampleSpan)
    return positions.indices.map { index in
      let row = index - positions.lowerBound
      return Array(inputs[row * images.shape.count..<(row + 1) * images.shape.count])
    }
  }

  @Test(arguments: [AugmentationKind.digits, .photos])
  func isAFunctionOfSeedEpochAndSample(_ kind: AugmentationKind) throws {
    let images = Self.images(Shape(28, 28, 1), count: 6)
    let all = try load(images, kind, 0..<6, epoch: 2)
    #expect(try load(images, kind, 4..<5, epoch: 2) == [all[4]])
    #expect(try load(images, kind, 0..<2, order: [5, 3], epoch: 2) == [all[5], all[3]])
    #expect(try load(images, kind, 0..<6, epoch: 3) != all)
    #expect(try load(images, kind, 0..<6, seed: 2, epoch: 2) != all)
    #expect(try load(images, .none, 0..<6, epoch: 2) != all)
  }

  /// Against the definition, in double precision; all widths of a last vector, and several channels.
  @Test(arguments: [Shape(28, 28, 1), Shape(28, 32, 1), Shape(8, 9, 1), Shape(33, 17, 3), Shape(20, 50, 2)])
  func digitsAgreeWithDefinition(_ shape: Shape) throws {
    let images = Self.images(shape, count: 4)
    let loaded = try load(images, .digits, 0..<4, seed: 9, epoch: 7)
    for (sample, image) in loaded.enumerated() {
      let source = images.images[sample * shape.count..<(sample + 1) * shape.count].map { Double($0) }
      let random = RandomStream(seed: 9, purpose: .augmentation, time: 7, index: sample)
      let expected = naiveDistortion(source, shape, random).map { ($0 / 255 - 0.25) / 0.5 }
      expectClose(image, expected, tolerance: 2e-4, "image \(sample)")
    }
  }

  /// Beyond the edge there is background.
  @Test func backgroundStaysBackground() throws {
    let shape = Shape(28, 28, 1)
    let empty = LabeledImages(
      shape: shape, classes: 2, images: [UInt8](repeating: 0, count: 784), labels: [0])
    #expect(try load(empty, .digits, 0..<1)[0].allSatisfy { $0 == -0.5 })
    let full = LabeledImages(
      shape: shape, classes: 2, images: [UInt8](repeating: 255, count: 784), labels: [0])
    let image = try load(full, .digits, 0..<1)[0]
    #expect(image.allSatisfy { $0 >= -0.5 && $0 <= 1.50001 } && image[14 * 28 + 14] > 1.4999)
    #expect(image.contains { $0 < 0 }, "shifted by up to 2 pixels it shows no border")
  }

  /// Every crop, flipped or not, comes about equally often, and nothing else.
  @Test func photosAreCropsAndFlips() throws {
    let shape = Shape(8, 9, 2)
    let count = 3600
    let picture = Self.images(shape, count: 1)
    let images = LabeledImages(
      shape: shape, classes: 2, images: (0..<count).flatMap { _ in picture.images },
      labels: [Int32](repeating: 0, count: count))
    func reflected(_ place: Int, _ count: Int) -> Int {
      place < 0 ? -place : place >= count ? 2 * (count - 1) - place : place
    }
    var counts: [[Float]: Int] = [:]
    for flips in [false, true] {
      for (down, right) in [-1, 0, 1].flatMap({ down in [-1, 0, 1].map { (down, $0) } }) {
        let variant = (0..<shape.count).map { place -> Float in
          let (y, x) = (place / 2 / shape.width, place / 2 % shape.width)
          let column = reflected((flips ? shape.width - 1 - x : x) + right, shape.width)
          let byte = picture.images[(reflected(y + down, 8) * shape.width + column) * 2 + place % 2]
          return Float(byte) * (1 / (255 * 0.5)) - 0.5
        }
        counts[variant] = 0
      }
    }
    #expect(counts.count == 18)
    for image in try load(images, .photos, 0..<count) { counts[image, default: -100_000] += 1 }
    #expect(counts.count == 18 && counts.values.allSatisfy { abs($0 - 200) < 70 }, "\(counts.values)")
  }

  @Test func smallImagesAreRefused() throws {
    let error = #expect(throws: DataError.self) { try Augmentation(.digits, shape: Shape(7, 30, 1), seed: 1) }
    #expect(error?.description == "the augmentation digits: expected images of at least 8x8, found 7x30x1")
    #expect(try Augmentation(.none, shape: Shape(1, 1, 1), seed: 1) == nil)
  }
}

/// `DigitDistortion` as its comment defines it. The random words are used in this order: six for the affine
/// part at the start of the first 32, then eight rows of eight displacements along x and eight along y.
private func naiveDistortion(_ source: [Double], _ shape: Shape, _ random: RandomStream) -> [Double] {
  var random = random
  let numbers = (0..<160).map { _ in Double((random.next() as UInt32) >> 9) * 0x1p-22 - 1 }
  let (height, width, channels) = (shape.height, shape.width, shape.channels)
  let unit = Double(max(height, width)) / 28
  let (angle, wide, high) = (numbers[0] * 0.21, 1 + numbers[1] * 0.1, 1 + numbers[2] * 0.1)
  let slant = numbers[3] * 0.1
  let (cosine, sine) = (cos(angle), sin(angle))

  func weights(_ place: Int, _ count: Int) -> [Double] {
    let gaussians = (0..<8).map { point in
      let distance = Double(place) + 0.5 - (Double(point) - 0.5) * Double(count) / 6
      return exp(-0.5 * pow(distance / (4 * Double(count) / 28), 2))
    }
    let norm = gaussians.reduce(0) { $0 + $1 * $1 }.squareRoot()
    return gaussians.map { $0 / norm }
  }
  func displacement(_ y: Int, _ x: Int, _ component: Int) -> Double {
    let (rows, columns) = (weights(y, height), weights(x, width))
    var sum = 0.0
    for i in 0..<8 {
      for j in 0..<8 { sum += rows[i] * columns[j] * numbers[32 + 16 * i + 8 * component + j] }
    }
    return sum * Double(3).squareRoot() * 0.7 * unit
  }
  func pixel(_ y: Int, _ x: Int, _ channel: Int) -> Double {
    (0..<height).contains(y) && (0..<width).contains(x) ? source[(y * width + x) * channels + channel] : 0
  }
  let (centreX, centreY) = (Double(width - 1) / 2, Double(height - 1) / 2)
  return (0..<shape.count).map { place in
    let (y, x) = (place / channels / width, place / channels % width)
    let (right, down) = ((Double(x) - centreX) * wide, (Double(y) - centreY) * high)
    let u =
      cosine * right + (cosine * slant - sine) * down + centreX + numbers[4] * 2 * unit
      + displacement(y, x, 0)
    let v =
      sine * right + (sine * slant + cosine) * down + centreY + numbers[5] * 2 * unit
      + displacement(y, x, 1)
    let (column, row) = (Int(u.rounded(.down)), Int(v.rounded(.down)))
    let (fx, fy) = (u - Double(column), v - Double(row))
    let channel = place % channels
    let above = (1 - fx) * pixel(row, column, channel) + fx * pixel(row, column + 1, channel)
    let below = (1 - fx) * pixel(row + 1, column, channel) + fx * pixel(row + 1, column + 1, channel)
    return (1 - fy) * above + fy * below
  }
}
