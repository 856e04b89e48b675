import Data
import Tensors
import Testing

@Suite struct ValidationSplitTests {
  @Test(arguments: [(2, 0.01, 1), (2, 0.99, 1), (10, 0.25, 3), (1000, 0.1, 100), (60_000, 0.1, 6000)])
  func partsAreTheWhole(_ count: Int, _ share: Double, _ held: Int) throws {
    let split = try ValidationSplit(count: count, share: share, seed: 1)
    #expect(split.validation.count == held)
    #expect((split.train + split.validation).sorted() == Array(0..<count))
    #expect(split.train == split.train.sorted() && split.validation == split.validation.sorted())
  }

  @Test func isAFunctionOfTheSeed() throws {
    let split = try ValidationSplit(count: 1000, share: 0.1, seed: 1)
    #expect(try ValidationSplit(count: 1000, share: 0.1, seed: 1).validation == split.validation)
    #expect(try ValidationSplit(count: 1000, share: 0.1, seed: 2).validation != split.validation)
  }

  /// Every sample is equally often held out.
  @Test func isFair() throws {
    var held = [Int](repeating: 0, count: 10)
    for seed in 0..<5000 {
      for sample in try ValidationSplit(count: 10, share: 0.2, seed: UInt64(seed)).validation {
        held[sample] += 1
      }
    }
    #expect(held.allSatisfy { abs($0 - 1000) < 150 }, "\(held)")
  }

  @Test func oneSampleCannotBeSplit() {
    let error = #expect(throws: DataError.self) { try ValidationSplit(count: 1, share: 0.5, seed: 1) }
    #expect(
      error?.description == "the validation split: expected at least 2 training images, found 1")
  }

  @Test func subsetsTakeImagesWithTheirLabels() {
    let images = LabeledImages(
      shape: Shape(1, 2, 1), classes: 5, images: [0, 1, 10, 11, 20, 21, 30, 31], labels: [0, 1, 2, 3])
    let subset = images.subset([3, 1])
    #expect(subset.images == [30, 31, 10, 11] && subset.labels == [3, 1])
    #expect(subset.shape == images.shape && subset.classes == 5)
  }
}
