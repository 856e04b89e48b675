import Data
import Files
import Foundation
import Tensors
import TestSupport
import Testing

/// Random crops, colors, blanked squares and mixed images, with torchvision and Pillow as the judges.
@Suite struct PhotoAugmentationTests {
  /// torchvision's compiled operators, which nothing here needs, do not load beside a PyTorch for CPUs: they are
  /// declared.
  private static let torchvision = """
    import torch
    library = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"): library.define(name + "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    """

  @Test(.enabled(if: Python.isThere, Comment(rawValue: Python.hint)))
  func changedColorsAreTorchvisions() throws {
    let changes: [(ColorJitter.Change, String)] =
      [0, 0.3, 0.75, 1, 1.4, 2].flatMap { factor in
        [
          (.brightness(factor), "adjust_brightness(image, \(factor))"),
          (.contrast(factor), "adjust_contrast(image, \(factor))"),
          (.saturation(factor), "adjust_saturation(image, \(factor))"),
        ]
      }
      + [-0.5, -0.25, -0.1, 0.03, 0.2, 0.5].map { (.hue($0), "adjust_hue(image, \($0))") }
    let calls = changes.map { "\"\($0.1)\"" }.joined(separator: ", ")
    try withPillow(
      """
      \(Self.torchvision)
      from torchvision.transforms.functional import *
      for kind, array in ("noise", noise(40, 50, 3)), ("smooth", smooth(31, 18)), ("gray", noise(9, 11)):
        image = Image.fromarray(array)
        pixels(kind, image)
        for index, call in enumerate([\(calls)]):
          if kind != "gray" or call.startswith(("adjust_b", "adjust_c")): pixels(f"{kind}.{index}", eval(call))
      """
    ) { directory in
      for (kind, channels) in [("noise", 3), ("smooth", 3), ("gray", 1)] {
        let pixels = try readFile("\(directory)/\(kind)")
        for (index, change) in changes.enumerated() where exists("\(directory)/\(kind).\(index)") {
          var own = pixels
          var span = own.mutableSpan
          ColorJitter.apply(change.0, to: &span, channels: channels)
          #expect(try own == readFile("\(directory)/\(kind).\(index)"), "\(kind): \(change.1)")
        }
      }
    }
  }

  @Test(.enabled(if: Python.isThere, Comment(rawValue: Python.hint)))
  func resizedCropsAreTorchvisions() throws {
    let regions = [(0, 0, 40, 50), (3, 7, 20, 31), (10, 0, 30, 12), (0, 49, 40, 1), (5, 5, 8, 8)]
    try withPillow(
      """
      \(Self.torchvision)
      from torchvision.transforms.functional import *
      array = noise(40, 50, 3)
      pixels("whole", array)
      for index, (top, left, height, width) in enumerate(\(regions.map { [$0.0, $0.1, $0.2, $0.3] })):
        pixels(f"{index}", resized_crop(Image.fromarray(array), top, left, height, width, [16, 16]))
      """
    ) { directory in
      let image = DecodedImage(shape: Shape(40, 50, 3), pixels: try readFile("\(directory)/whole"))
      for (index, region) in regions.enumerated() {
        let (rows, columns) = (region.0..<region.0 + region.2, region.1..<region.1 + region.3)
        let own = image.resized(height: 16, width: 16, .bilinear, from: rows, columns)
        #expect(try own.pixels == readFile("\(directory)/\(index)"), "region \(region)")
      }
    }
  }

  /// Mean area and mean logarithm of the ratio of many crops, and the spread of both.
  @Test(
    .enabled(if: Python.isThere, Comment(rawValue: Python.hint)),
    arguments: [(100, 130, 0.08), (300, 50, 0.5), (64, 64, 1)])
  func cropsAreDistributedAsTorchvisions(_ height: Int, _ width: Int, _ leastArea: Double) throws {
    let count = 6000
    func statistics(_ values: [Double]) -> [Double] {
      let mean = values.reduce(0, +) / Double(values.count)
      let variance = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(values.count)
      return [mean, variance.squareRoot()]
    }
    let crop = RandomResizedCrop(leastArea: leastArea)
    let own = (0..<count).map { index in
      var random = RandomStream(seed: 5, purpose: .augmentation, index: index)
      return crop.region(height: height, width: width, &random)
    }
    for region in own { #expect(region.rows.upperBound <= height && region.columns.upperBound <= width) }
    let text = try Python.run(
      """
      \(Self.torchvision)
      import numpy as np
      from torchvision.transforms import RandomResizedCrop
      torch.manual_seed(1)
      image = torch.zeros(1, \(height), \(width))
      drawn = np.array([RandomResizedCrop.get_params(image, (\(leastArea), 1), (3/4, 4/3)) for _ in range(\(count))], float)
      for v in drawn[:, 2] * drawn[:, 3] / \(height * width), np.log(drawn[:, 3] / drawn[:, 2]), drawn[:, 0], drawn[:, 1]:
        print(v.mean(), v.std())
      """)
    let theirs = text.split(whereSeparator: \.isWhitespace).map { Double($0)! }
    let ours =
      statistics(own.map { Double($0.rows.count * $0.columns.count) / Double(height * width) })
      + statistics(own.map { log(Double($0.columns.count) / Double($0.rows.count)) })
      + statistics(own.map { Double($0.rows.lowerBound) })
      + statistics(own.map { Double($0.columns.lowerBound) })
    for (index, (a, b)) in zip(ours, theirs).enumerated() {
      // The standard error of a mean of 6,000 is 1.3 % of the spread.
      let spread = theirs[index | 1]
      #expect(abs(a - b) <= 0.06 * spread + 1e-9, "number \(index): \(a), torchvision's \(b)")
    }
  }

  @Test func changesAreInTheirRangesAndOrders() {
    let jitter = ColorJitter(brightness: 0.4, contrast: 2, saturation: 0, hue: 0.1)
    var orders: Set<String> = []
    for index in 0..<200 {
      var random = RandomStream(seed: 1, purpose: .colorJitter, index: index)
      let changes = jitter.changes(&random)
      var order = ""
      for change in changes {
        switch change {
        case .brightness(let factor): (order += "b", #expect(factor >= 0.6 && factor <= 1.4)).0
        case .contrast(let factor): (order += "c", #expect(factor >= 0 && factor <= 3)).0
        case .saturation: Issue.record("a saturation that was not asked for")
        case .hue(let turn): (order += "h", #expect(abs(turn) <= 0.1)).0
        }
      }
      orders.insert(order)
    }
    #expect(orders.count == 6, "\(orders)")
    #expect(ColorJitter("0.4") == ColorJitter(brightness: 0.4, contrast: 0.4, saturation: 0.4))
    #expect(ColorJitter("1,2,3,0.5") == ColorJitter(brightness: 1, contrast: 2, saturation: 3, hue: 0.5))
    for wrong in ["", "1,2", "a", "-1", "1,1,1,0.6", "inf", "1,1,1,0.1,0"] {
      #expect(ColorJitter(wrong) == nil, "\(wrong)")
    }
  }

  @Test func squaresAreBlanked() {
    let shape = Shape(12, 16, 3)
    var sizes: Set<Int> = []
    for index in 0..<300 {
      var random = RandomStream(seed: 1, purpose: .cutout, index: index)
      var pixels = [Float](repeating: 1, count: shape.count)
      var span = pixels.mutableSpan
      Cutout(side: 4, shape).apply(&random, &span)
      let rows = (0..<12).filter { y in pixels[y * 48..<y * 48 + 48].contains(0) }
      let columns = (0..<16).filter { x in (0..<12).contains { pixels[($0 * 16 + x) * 3] == 0 } }
      #expect(rows.count >= 2 && rows.count <= 4 && columns.count >= 2 && columns.count <= 4)
      #expect(pixels.count { $0 == 0 } == 3 * rows.count * columns.count)
      sizes.insert(rows.count * columns.count)
    }
    #expect(sizes == [4, 6, 8, 9, 12, 16])
  }

  private func mixed(_ mixing: Mixing, count: Int, first: Int) -> (images: [Float], targets: [ClassTarget]) {
    let shape = Shape(10, 10, 1)
    var images = (0..<count).flatMap { [Float](repeating: Float(1 << $0), count: shape.count) }
    var targets = (0..<count).map { ClassTarget(Int32($0)) }
    var imageSpan = images.mutableSpan
    var targetSpan = targets.mutableSpan
    mixing.apply(&imageSpan, &targetSpan, shape, epoch: 2, first: first)
    return (images, targets)
  }

  /// Each image holds of the others what its target says.
  @Test(arguments: [true, false])
  func targetsAreMixedAsImagesAre(cuts: Bool) throws {
    let mixing = try #require(Mixing(seed: 3, mixup: cuts ? nil : 0.4, cutMix: cuts ? 0.7 : nil))
    for first in 0..<40 {
      let (images, targets) = mixed(mixing, count: 5, first: first)
      for row in 0..<5 {
        let (target, partner) = (targets[row], 4 - row)
        let mean = Double(images[row * 100..<(row + 1) * 100].reduce(0, +)) / 100
        let expected =
          Double(target.share) * Double(1 << row) + Double(1 - target.share) * Double(1 << partner)
        #expect(abs(mean - expected) < 1e-3, "row \(row): \(mean), \(target)")
        #expect(row == 2 || (target.label == Int32(row) && target.other == Int32(partner)))
      }
      #expect(targets[2] == ClassTarget(2))
      #expect(targets[0].share == targets[1].share)
    }
  }

  /// The variance of a beta distribution of two equal parameters a is 1 / (4 (2 a + 1)).
  @Test(arguments: [0.2, 1, 3])
  func sharesAreDistributedAsTheyShould(_ parameter: Double) throws {
    let mixing = try #require(Mixing(seed: 3, mixup: parameter, cutMix: nil))
    let shares = (0..<4000).map { Double(mixed(mixing, count: 2, first: $0).targets[0].share) }
    let mean = shares.reduce(0, +) / 4000
    let variance = shares.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / 4000
    let expected = 1 / (4 * (2 * parameter + 1))
    #expect(abs(mean - 0.5) < 4 * (expected / 4000).squareRoot(), "mean \(mean)")
    #expect(abs(variance / expected - 1) < 0.1, "variance \(variance), \(expected)")
  }

  @Test func bothKindsTakeTurns() throws {
    let mixing = try #require(Mixing(seed: 3, mixup: 1, cutMix: 1))
    let cut = (0..<400).count { first in
      let images = mixed(mixing, count: 2, first: first).images
      return images.allSatisfy { $0 == 1 || $0 == 2 }
    }
    #expect(cut > 160 && cut < 240, "\(cut) of 400")
    #expect(Mixing(seed: 1, mixup: nil, cutMix: nil) == nil)
  }

  @Test func normalizationsAreReadAndChecked() throws {
    for text in ["measured", "imagenet", "0.5,0.25,0.5/0.2,0.25,1.0"] {
      #expect(NormalizationChoice(text)?.description == text)
    }
    for wrong in ["", "ImageNet", "0.5", "0.5/0", "0.5,0.5/0.5", "a/b", "0.5/-1", "nan/1", "0.5/0.5/0.5"] {
      #expect(NormalizationChoice(wrong) == nil, "\(wrong)")
    }
    let cifar = NormalizationChoice.known(.cifar10)
    #expect(try cifar.normalization(channels: 3)?.mean == [0.4914, 0.4822, 0.4465])
    let error = #expect(throws: DataError.self) { try cifar.normalization(channels: 1) }
    #expect(error?.description.contains("as many numbers as the images have channels, 1, found 3") == true)
  }
}
