import Data
import Engine
import Files
import Parallel
import Reporting
import Tensors

/// A sample that is taken for a class that it is not of.
package struct Mistake: Equatable, Sendable {
  /// Its number in the data set.
  package let sample: Int
  package let label: Int32
  package let prediction: Int32
  package let certainty: Certainty
}

/// The wrong predictions of the largest loss, at most `count`, the largest first; of equal ones the first sample
/// first. A sample without a prediction is none of them.
package func worstMistakes(
  _ count: Int, labels: [Int32], predictions: [Int32], certainties: [Certainty]
) -> [Mistake] {
  precondition(
    labels.count == predictions.count && labels.count == certainties.count,
    "\(labels.count) labels, \(predictions.count) predictions, \(certainties.count) certainties")
  let wrong = labels.indices.filter {
    predictions[$0] >= 0 && predictions[$0] != labels[$0] && !certainties[$0].loss.isNaN
  }
  let sorted = wrong.sorted { (-certainties[$0].loss, $0) < (-certainties[$1].loss, $1) }
  return sorted.prefix(count).map {
    Mistake(sample: $0, label: labels[$0], prediction: predictions[$0], certainty: certainties[$0])
  }
}

extension Evaluation {
  /// Draws the confusion matrix and the worst mistakes. Rank 0 draws; all ranks wait for it.
  ///
  /// - Returns: the figures' paths, on rank 0.
  /// - Throws: on all ranks, when gnuplot cannot draw, an image cannot be read, or a file cannot be written.
  package func drawFigures(in directory: String, _ world: World) throws -> [String] {
    world.pulse.enter(.finishing)
    return try world.agree {
      guard world.isRoot else { return [] }
      let directory = withoutSlash(directory)
      return try drawConfusions(in: directory) + mistakeSheet().draw("mistakes", in: directory)
    }
  }

  private func drawConfusions(in directory: String) throws -> [String] {
    guard report.classes.count <= ConfusionFigure.mostClasses else {
      printNote(
        "no picture of the confusion matrix: expected at most \(grouped(ConfusionFigure.mostClasses)) classes, "
          + "found \(grouped(report.classes.count))")
      return []
    }
    return try ConfusionFigure(
      title: "\(subject): \(percent(result.accuracy)) of \(grouped(result.count)) right",
      names: model.namesOfClasses, counts: report.wholeMatrix
    ).draw("confusion", in: directory)
  }

  /// Such as `mnist-cnn on mnist, test part`.
  private var subject: String {
    let data = configuration.data.split(separator: "/").last.map(String.init) ?? configuration.data
    return "\(model.network.description.name) on \(data), \(configuration.part.rawValue) part"
  }

  private func mistakeSheet() throws(DataError) -> ImageSheet {
    let wrong = result.count - result.correct - report.unclassified
    let mistakes = worstMistakes(
      configuration.mistakes, labels: images.labels, predictions: result.predictions,
      certainties: result.certainties)
    var pictures: [ImageSheet.Picture] = []
    for mistake in mistakes {
      let image = try thumbnail(mistake.sample)
      pictures.append(
        ImageSheet.Picture(
          height: image.shape.height, width: image.shape.width, pixels: image.pixels, words: words(mistake)))
    }
    let number = mistakes.count < wrong ? "the worst \(grouped(mistakes.count)) of " : ""
    return ImageSheet(
      title: "\(subject): \(number)\(counted(wrong, "mistake")), true class → prediction", pictures: pictures)
  }

  /// An image as the network saw it, in RGB, not larger than it is drawn. Of more channels the first three are shown,
  /// of two the first.
  private func thumbnail(_ sample: Int) throws(DataError) -> DecodedImage {
    let shape = images.shape
    var pixels = [UInt8](repeating: 0, count: shape.count)
    var all = pixels.mutableSpan
    try images.read(sample, into: &all)
    let channels = shape.channels >= 3 ? 3 : 1
    if channels < shape.channels {
      pixels = pixels.indices.filter { $0 % shape.channels < channels }.map { pixels[$0] }
    }
    var image = DecodedImage(shape: Shape(shape.height, shape.width, channels), pixels: pixels).rgb
    if preprocessing?.channels == .bgr { image = image.reversedChannels }
    let (height, width) = (image.shape.height, image.shape.width)
    let longer = max(height, width)
    guard longer > ImageSheet.pictureSide else { return image }
    func shown(_ length: Int) -> Int { max(length * ImageSheet.pictureSide / longer, 1) }
    return image.resized(height: shown(height), width: shown(width))
  }

  /// Such as `4 → 9` and `99.31 %`; of long names each has a line of its own.
  private func words(_ mistake: Mistake) -> [String] {
    let names = model.namesOfClasses
    let (label, prediction) = (names[Int(mistake.label)], names[Int(mistake.prediction)])
    let isShort = (names.map(\.count).max() ?? 0) * 2 + 3 <= ImageSheet.lettersInLine
    let lines = isShort ? ["\(label) → \(prediction)"] : [label, "→ \(prediction)"]
    return lines + [percent(Double(mistake.certainty.probability))]
  }
}
