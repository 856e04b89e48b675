import Data
import Reporting

/// Images of one color alone, which show nothing that could be learnt.
struct OneColorImages {
  let count: Int
  /// What messages call the first of them.
  let first: String

  /// Nil for no images.
  init?(count: Int, first: String?) {
    guard let first else { return nil }
    (self.count, self.first) = (count, first)
  }

  /// Of images that need no decoding: all that are in memory, or of those in a file so many that reading them takes no
  /// time to speak of, evenly chosen.
  init?(among images: any Dataset) {
    let chosen = images is LabeledImages ? images : images.limited(to: 1000)
    var image = [UInt8](repeating: 0, count: images.shape.count)
    let found = (0..<chosen.count).filter { sample in
      var pixels = image.mutableSpan
      guard (try? chosen.read(sample, into: &pixels)) != nil else { return false }
      return image.span.isOneColor(channels: images.shape.channels)
    }
    self.init(count: found.count, first: found.first.map { "image \($0 * images.count / chosen.count)" })
  }
}

extension Dataset {
  /// What in these training images a network learns little from, a line each, with what to do.
  func warnings(oneColor: OneColorImages?) -> [String] {
    var counts = [Int](repeating: 0, count: classes)
    for label in labels { counts[Int(label)] += 1 }
    let present = counts.indices.filter { counts[$0] > 0 }
    var warnings: [String] = []
    if let only = present.first, present.count == 1 {
      warnings.append(
        "all training images are of the class \(name(ofClass: only)), so that there is nothing to tell apart: add "
          + "images of others")
    } else if let first = counts.firstIndex(of: 0) {
      let missing = classes - present.count
      let words = missing == 1 ? "the class" : "\(grouped(missing)) classes, such as"
      warnings.append(
        "no training images are of \(words) \(name(ofClass: first)), which cannot be learnt: add some, or leave the "
          + (missing == 1 ? "class out" : "classes out"))
    }
    if let oneColor {
      let others = oneColor.count > 1 ? " and \(counted(oneColor.count - 1, "other"))" : ""
      warnings.append(
        "training images of one color alone: \(oneColor.first)\(others); take out those that are damaged")
    }
    return warnings
  }

  /// Its name in the data, or its number.
  func name(ofClass number: Int) -> String { classNames?[number] ?? "\(number)" }
}
