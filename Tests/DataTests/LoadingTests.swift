import Data
import Tensors
import TestSupport
import Testing

@Suite struct EpochOrderTests {
  @Test(arguments: [0, 1, 2, 1000])
  func isAPermutation(count: Int) {
    #expect(epochOrder(count: count, seed: 1, epoch: 0).sorted() == Array(0..<UInt32(count)))
  }

  @Test func isAFunctionOfSeedAndEpoch() {
    let order = epochOrder(count: 1000, seed: 1, epoch: 3)
    #expect(order == epochOrder(count: 1000, seed: 1, epoch: 3))
    #expect(order != epochOrder(count: 1000, seed: 1, epoch: 4))
    #expect(order != epochOrder(count: 1000, seed: 2, epoch: 3))
  }

  /// Every sample is equally often at every place.
  @Test func isFair() {
    var first = [Int](repeating: 0, count: 5)
    for epoch in 0..<5000 { first[Int(epochOrder(count: 5, seed: 1, epoch: epoch)[0])] += 1 }
    #expect(first.allSatisfy { abs($0 - 1000) < 150 }, "\(first)")
  }
}

@Suite struct NormalizationTests {
  static let images = LabeledImages(
    shape: Shape(1, 2, 2), classes: 3, images: [0, 100, 50, 100, 100, 100, 50, 100], labels: [1, 2])

  @Test func isPerChannel() {
    let normalization = Normalization(of: Self.images)
    expectClose(normalization.mean, [50.0 / 255, 100.0 / 255], tolerance: 1e-7, "mean")
    expectClose(normalization.deviation, [Double(1250).squareRoot() / 255, 1], tolerance: 1e-7, "deviation")
  }

  @Test func loaderNormalisesInOrder() throws {
    let loader = BatchLoader(Self.images, Normalization(of: Self.images), order: [1, 0])
    var images = [Float](repeating: .nan, count: 8)
    var labels = [Int32](repeating: -1, count: 2)
    var samples = [UInt32](repeating: 9, count: 2)
    var imageSpan = images.mutableSpan
    var labelSpan = labels.mutableSpan
    var sampleSpan = samples.mutableSpan
    try loader.load(0..<2, images: &imageSpan, labels: &labelSpan, samples: &sampleSpan)
    #expect(labels == [2, 1] && samples == [1, 0])
    let step = 50 / Double(1250).squareRoot()
    expectClose(images, [step, 0, 0, 0, -step, 0, 0, 0], tolerance: 1e-6, "images")
  }

  @Test func loaderTakesPartsOfTheOrder() throws {
    let loader = BatchLoader(Self.images, Normalization(of: Self.images))
    var images = [Float](repeating: .nan, count: 4)
    var labels: [Int32] = [-1]
    var samples: [UInt32] = [9]
    var imageSpan = images.mutableSpan
    var labelSpan = labels.mutableSpan
    var sampleSpan = samples.mutableSpan
    try loader.load(1..<2, images: &imageSpan, labels: &labelSpan, samples: &sampleSpan)
    #expect(loader.count == 2 && labels == [2] && samples == [1])
  }
}

@Suite struct SyntheticDigitsTests {
  private func image(_ index: Int, _ part: DataPart = .train, seed: UInt64 = 1) -> (
    label: UInt8, pixels: [UInt8]
  ) {
    var pixels = [UInt8](repeating: 9, count: 784)
    var span = pixels.mutableSpan
    let label = SyntheticDigits(part, seed: seed).draw(index, into: &span)
    return (label, pixels)
  }

  @Test func areAFunctionOfSeedPartAndIndex() {
    let first = image(5)
    #expect(first == image(5))
    #expect(first.pixels != image(6).pixels)
    #expect(first.pixels != image(5, .test).pixels)
    #expect(first.pixels != image(5, seed: 2).pixels)
  }

  /// Like MNIST's: all classes alike often, about an eighth of full ink, the centre of mass in the middle, an
  /// empty border of some pixels.
  @Test func lookLikeMNIST() {
    var labels = [Int](repeating: 0, count: 10)
    var (ink, row, column) = (0.0, 0.0, 0.0)
    let count = 2000
    for index in 0..<count {
      let (label, pixels) = image(index)
      labels[Int(label)] += 1
      let total = pixels.reduce(0.0) { $0 + Double($1) }
      #expect(total > 784 * 2 && total < 784 * 140, "image \(index)")
      ink += total / 784 / Double(count)
      for (place, value) in pixels.enumerated() {
        row += Double(value) * Double(place / 28) / total / Double(count)
        column += Double(value) * Double(place % 28) / total / Double(count)
      }
    }
    #expect(labels.allSatisfy { abs($0 - 200) < 60 }, "\(labels)")
    #expect(abs(ink - 33.3) < 4, "mean ink \(ink); MNIST has 33.3")
    #expect(abs(row - 13.5) < 0.3 && abs(column - 13.5) < 0.3, "centre \(row), \(column)")
  }
}
