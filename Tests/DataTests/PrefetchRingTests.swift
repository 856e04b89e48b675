import Data
import Dispatch
import Files
import Foundation
import Synchronization
import Tensors
import TestSupport
import Testing

/// Micro-batches that are loaded ahead hold what they would hold anyway.
@Suite struct PrefetchRingTests {
  private static let shape = Shape(8, 8, 1)

  private static func loader(_ count: Int, augmentation: Augmentation? = nil) -> BatchLoader {
    let images = LabeledImages(
      shape: shape, classes: 7, images: (0..<count * shape.count).map { UInt8($0 % 251) },
      labels: (0..<count).map { Int32($0 % 7) })
    let order = (0..<UInt32(count)).reversed().map { $0 }
    return BatchLoader(
      images, Normalization(mean: [0.5], deviation: [0.25]), order: order, augmentation: augmentation,
      epoch: 3)
  }

  private struct Loaded: Equatable {
    let images: [Float]
    let targets: [ClassTarget]
    let samples: [UInt32]
  }

  private static func load(
    _ positions: Range<Int>,
    _ load: (
      Range<Int>, inout MutableSpan<Float>, inout MutableSpan<ClassTarget>, inout MutableSpan<UInt32>
    ) throws -> Void
  ) rethrows -> Loaded {
    var images = [Float](repeating: .nan, count: positions.count * shape.count)
    var targets = [ClassTarget](repeating: ClassTarget(-1), count: positions.count)
    var samples = [UInt32](repeating: .max, count: positions.count)
    var imageSpan = images.mutableSpan
    var targetSpan = targets.mutableSpan
    var sampleSpan = samples.mutableSpan
    try load(positions, &imageSpan, &targetSpan, &sampleSpan)
    return Loaded(images: images, targets: targets, samples: samples)
  }

  /// By several threads that want them in another order than they are loaded in.
  @Test(arguments: [(1, 1), (2, 3), (4, 2), (3, 9)])
  func holdsWhatTheLoaderGives(threads: Int, slots: Int) throws {
    let count = 100
    let augmentation = try Augmentation(
      .photos, shape: Self.shape, seed: 4, cutout: 3, mixing: Mixing(seed: 4, mixup: 0.4, cutMix: nil))
    let loader = Self.loader(count, augmentation: augmentation)
    let sequence = stride(from: 0, to: count, by: 8).map { $0..<min($0 + 8, count) }
    for _ in 0..<20 {
      let ring = try PrefetchRing(loader, sequence, threads: threads, slots: slots)
      let wrong = Mutex<[Range<Int>]>([])
      DispatchQueue.concurrentPerform(iterations: 3) { thread in
        for number in stride(from: thread, to: sequence.count, by: 3) {
          let expected = try? Self.load(sequence[number]) {
            try loader.load($0, images: &$1, targets: &$2, samples: &$3)
          }
          let found = try? Self.load(sequence[number]) {
            try ring.load($0, images: &$1, targets: &$2, samples: &$3)
          }
          if found == nil || found != expected { wrong.withLock { $0.append(sequence[number]) } }
        }
      }
      #expect(wrong.withLock { $0 } == [])
    }
  }

  /// A ring that is left in the middle ends its threads; what is not of the sequence is loaded all the same.
  @Test func mayBeLeft() throws {
    let loader = Self.loader(40)
    let sequence = (0..<10).map { $0 * 4..<$0 * 4 + 4 }
    for taken in 0..<10 {
      let ring = try PrefetchRing(loader, sequence, threads: 2, slots: 3)
      for number in 0..<taken {
        let found = try Self.load(sequence[number]) {
          try ring.load($0, images: &$1, targets: &$2, samples: &$3)
        }
        #expect(found.samples == sequence[number].map { UInt32(39 - $0) })
      }
      let other = try Self.load(3..<5) { try ring.load($0, images: &$1, targets: &$2, samples: &$3) }
      #expect(other.samples == [36, 35])
    }
  }

  /// A file that is gone by the time it is read is named, whoever reads it.
  @Test(arguments: [0, 1, 2])
  func namesWhatCannotBeRead(threads: Int) throws {
    try withTemporaryDirectory { directory in
      try withPillowFiles(directory)
      let source = try #require(
        try DataSource(path: directory).load(.train, as: ImageInput(shape: Self.shape)))
      let loader = BatchLoader(source, Normalization(mean: [0.5], deviation: [0.5]))
      let gone = "\(directory)/b/2.png"
      try FileManager.default.removeItem(atPath: gone)
      let sequence = (0..<source.count).map { $0..<$0 + 1 }
      let ring = try PrefetchRing(loader, sequence, threads: threads, slots: 2)
      var errors: [String] = []
      for positions in sequence {
        do {
          _ = try Self.load(positions) { try ring.load($0, images: &$1, targets: &$2, samples: &$3) }
        } catch {
          errors.append("\(error)")
        }
      }
      #expect(errors.count == 1 && errors[0].contains("\(gone): expected a readable image"), "\(errors)")
    }
  }

  private func withPillowFiles(_ directory: String) throws {
    // A gray image of one pixel.
    let text =
      "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNgAAAAAgABSK+kcQAAAABJRU5ErkJggg=="
    let png = try #require(NSData(base64Encoded: text))
    for name in ["a", "b"] {
      try FileManager.default.createDirectory(
        atPath: "\(directory)/\(name)", withIntermediateDirectories: true)
      for number in 0..<3 {
        #expect(png.write(toFile: "\(directory)/\(name)/\(number).png", atomically: false))
      }
    }
  }
}
