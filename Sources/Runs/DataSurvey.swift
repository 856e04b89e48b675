import Data
import Dispatch
import Files
import Hashing
import Reporting
import Synchronization
import System
import Tensors

/// What one reading of all images of a part of a data set found.
package struct DataSurvey: Sendable {
  package let part: DataPart
  package let classes: Int
  package let classNames: [String]?
  /// Images by class, those that cannot be read left out.
  package private(set) var counts: [Int]
  /// Height and width by how many images have them.
  package private(set) var sizes: [ImageSize: Int] = [:]
  /// Of each image in its own size; nil where channels differ.
  package private(set) var sums: PixelSums?
  /// What is wrong with those that cannot be read, in their order.
  package private(set) var errors: [String] = []
  /// Images whose pixels are all the same.
  package private(set) var constant: [String] = []
  /// By what they hold: the first image with these pixels, and how many there are.
  package private(set) var contents: [Fingerprint: (first: String, count: Int)] = [:]
  /// Two files whose names differ only in capital letters; nil where there are none.
  private let twins: String?

  package struct ImageSize: Hashable, Sendable {
    package let height: Int
    package let width: Int
    package let channels: Int
  }

  /// What is found of one image.
  private struct Finding: Sendable {
    let sample: Int
    let label: Int
    let name: String
    var error: String?
    var size = ImageSize(height: 0, width: 0, channels: 0)
    var sums = PixelSums(channels: 1)
    var isConstant = false
    var content = Fingerprint(high: 0, low: 0)

    mutating func describe(_ pixels: [UInt8], _ shape: Shape) {
      size = ImageSize(height: shape.height, width: shape.width, channels: shape.channels)
      sums = PixelSums(channels: shape.channels)
      sums.add(pixels.span)
      isConstant = pixels.span.isOneColor(channels: shape.channels)
      content = Fingerprint(pixels.span.bytes)
    }
  }

  /// Reads all images, on some threads.
  ///
  /// - Parameter progress: called now and then with the number of images read.
  package init(
    _ images: any Dataset, _ part: DataPart, threads: Int, progress: @Sendable (_ read: Int) -> Void
  ) {
    self.part = part
    classes = images.classes
    classNames = images.classNames
    counts = [Int](repeating: 0, count: images.classes)
    twins = (images as? EncodedImages).flatMap(Self.twins(among:))
    let next = Atomic<Int>(0)
    let all = Mutex<[Finding]>([])
    // By the size of blocks, so that threads rarely meet.
    let block = 64
    DispatchQueue.concurrentPerform(iterations: threads) { _ in
      while true {
        let first = next.add(block, ordering: .relaxed).oldValue
        guard first < images.count else { return }
        let findings = (first..<min(first + block, images.count)).map { Self.find($0, in: images) }
        let read = all.withLock { all in
          all += findings
          return all.count
        }
        progress(read)
      }
    }
    for finding in all.withLock({ $0 }).sorted(by: { $0.sample < $1.sample }) { add(finding) }
  }

  private static func twins(among images: EncodedImages) -> String? {
    var names: [String: String] = [:]
    for source in images.sources {
      let other = names.updateValue(source.name, forKey: source.name.lowercased())
      if let other, other != source.name {
        return "\(other) and \(source.name)"
      }
    }
    return nil
  }

  private static func find(_ sample: Int, in images: any Dataset) -> Finding {
    let encoded = images as? EncodedImages
    var finding = Finding(
      sample: sample, label: Int(images.labels[sample]),
      name: encoded?.sources[sample].name ?? "image \(sample)")
    do {
      if let encoded {
        let image = try encoded.image(sample)
        finding.describe(image.pixels, image.shape)
      } else {
        var pixels = [UInt8](repeating: 0, count: images.shape.count)
        var span = pixels.mutableSpan
        try images.read(sample, into: &span)
        finding.describe(pixels, images.shape)
      }
    } catch {
      finding.error = "\(error)"
    }
    return finding
  }

  private mutating func add(_ finding: Finding) {
    if let error = finding.error {
      errors.append(error)
      return
    }
    counts[finding.label] += 1
    sizes[finding.size, default: 0] += 1
    if sums == nil && sizes.count == 1 { sums = PixelSums(channels: finding.size.channels) }
    if sums?.sums.count == finding.size.channels {
      sums! += finding.sums
    } else {
      sums = nil
    }
    if finding.isConstant { constant.append(finding.name) }
    contents[finding.content, default: (finding.name, 0)].count += 1
  }

  package var count: Int { counts.reduce(0, +) }

  package func name(ofClass number: Int) -> String { classNames?[number] ?? "\(number)" }

  /// What a user should know before training, by line.
  package func warnings(beside train: DataSurvey?) -> [String] {
    var warnings: [String] = []
    let present = counts.indices.filter { counts[$0] > 0 }
    if present.count == 1 {
      warnings.append("\(part.rawValue): all images are of the class \(name(ofClass: present[0]))")
    }
    let missing = counts.indices.filter { counts[$0] == 0 }
    if let first = missing.first, present.count > 1 {
      let others = missing.count > 1 ? " and \(counted(missing.count - 1, "other"))" : ""
      warnings.append("\(part.rawValue): no image is of the class \(name(ofClass: first))\(others)")
    }
    if let twins {
      warnings.append(
        "\(part.rawValue): one name but for capital letters, which some file systems cannot hold: \(twins)")
    }
    if let first = constant.first {
      let others = constant.count > 1 ? " and \(counted(constant.count - 1, "other"))" : ""
      warnings.append("\(part.rawValue): of one color alone: \(first)\(others)")
    }
    let copies = contents.values.reduce(0) { $0 + $1.count - 1 }
    if copies > 0, let one = contents.values.filter({ $0.count > 1 }).map(\.first).min() {
      warnings.append("\(part.rawValue): \(counted(copies, "image")) more than once, such as \(one)")
    }
    if let train {
      let shared = contents.filter { train.contents[$0.key] != nil }
      if let one = shared.values.map(\.first).min() {
        warnings.append(
          "\(counted(shared.values.reduce(0) { $0 + $1.count }, "test image")) among the training images, too, such as \(one)"
        )
      }
    }
    return warnings
  }
}

extension DataSurvey {
  /// Counts by class, sizes, mean and deviation, as a text.
  package var statistics: String {
    let heights = sizes.flatMap { [Int](repeating: $0.key.height, count: $0.value) }.sorted()
    let widths = sizes.flatMap { [Int](repeating: $0.key.width, count: $0.value) }.sorted()
    let channels = Set(sizes.keys.map(\.channels)).sorted()
    var rows = [("images", grouped(count)), ("classes", grouped(classes))]
    if let low = heights.first, let high = heights.last {
      let isOne = sizes.count == 1
      rows.append(
        (
          "height x width",
          isOne
            ? "\(low) x \(widths[0])"
            : "\(low) x \(widths[0]) to \(high) x \(widths.last!), medians \(heights[heights.count / 2]) x \(widths[widths.count / 2])"
        ))
      rows.append(("channels", channels.map { $0 == 1 ? "1 (gray)" : "\($0)" }.joined(separator: ", ")))
    }
    if let sums {
      let normalization = Normalization(of: sums)
      rows.append(("mean", normalization.mean.map { decimal(Double($0), 4) }.joined(separator: ", ")))
      rows.append(
        ("deviation", normalization.deviation.map { decimal(Double($0), 4) }.joined(separator: ", ")))
    }
    let byClass = columns(
      ["class", "images", "share"],
      counts.indices.map {
        [name(ofClass: $0), grouped(counts[$0]), percent(Double(counts[$0]) / Double(max(count, 1)))]
      })
    return "\(part.rawValue)\n\(table(rows))\n\n\(byClass)\n"
  }
}
