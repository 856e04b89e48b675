import Glibc
import Tensors

/// Softmax and cross-entropy against the true classes.
///
/// loss = -log softmax(logits)[label], computed with the row's maximum taken out, so that large logits do not
/// overflow.
///
/// With label smoothing (Szegedy et al. 2016) the target is no one-hot vector but (1 - smoothing) one-hot +
/// smoothing / classes, and the loss the cross-entropy against that, as PyTorch's
/// `CrossEntropyLoss(label_smoothing:)`:
///
///     loss = -sum over k of target[k] log softmax(logits)[k]
///
/// Where images are mixed (mixup, CutMix) the one-hot vector is share one-hot(label) + (1 - share) one-hot(other).
///
/// - Parameters:
///   - logits: (N, classes).
///   - targets: (N), classes in 0..<classes.
///   - scale: factor of the gradient, usually 1 / global batch, so that gradients of all micro-batches sum to
///     the mean's.
///   - smoothing: in 0..<1.
///   - dLogits: (N, classes), overwritten: scale (softmax - target); or empty where nobody needs it.
/// - Returns: the losses' sum, not scaled, and the number of samples whose largest logit is the label's. Of
///   equal logits the first counts; a row with NaN counts as wrong.
package func softmaxCrossEntropy(
  logits: Span<Float>, targets: Span<ClassTarget>, classes: Int, scale: Float, smoothing: Float = 0,
  dLogits: inout MutableSpan<Float>
) -> (loss: Double, correct: Int) {
  precondition(logits.count == targets.count * classes, "\(logits.count) logits, \(targets.count) targets")
  precondition(dLogits.isEmpty || dLogits.count == logits.count, "\(dLogits.count) gradients")
  var loss = 0.0
  var correct = 0
  for row in targets.indices {
    let first = row * classes
    let target = targets[row]
    let (label, other) = (Int(target.label), Int(target.other))
    precondition(label >= 0 && label < classes, "label \(label) of \(classes) classes")
    precondition(other >= 0 && other < classes, "label \(other) of \(classes) classes")
    var largest = logits[first]
    var argument = largest.isNaN ? -1 : 0
    for k in 1..<classes {
      let logit = logits[first + k]
      if logit > largest {
        largest = logit
        argument = k
      }
      if logit.isNaN { argument = -1 }
      if argument < 0 { break }
    }
    var sum: Float = 0
    for k in 0..<classes { sum += expf(logits[first + k] - largest) }
    var aimed = Double(logits[first + label])
    if target.share < 1 {
      aimed += Double(1 - target.share) * (Double(logits[first + other]) - aimed)
    }
    loss += Double(logf(sum)) + Double(largest) - aimed
    if smoothing > 0 {
      var mean = 0.0
      for k in 0..<classes { mean += Double(logits[first + k]) / Double(classes) }
      loss += Double(smoothing) * (aimed - mean)
    }
    correct += argument == label ? 1 : 0
    guard !dLogits.isEmpty else { continue }
    let factor = scale / sum
    for k in 0..<classes { dLogits[first + k] = factor * expf(logits[first + k] - largest) }
    if target.share < 1 {
      dLogits[first + label] -= scale * (1 - smoothing) * target.share
      dLogits[first + other] -= scale * (1 - smoothing) * (1 - target.share)
    } else {
      dLogits[first + label] -= scale * (1 - smoothing)
    }
    if smoothing > 0 {
      for k in 0..<classes { dLogits[first + k] -= scale * smoothing / Float(classes) }
    }
  }
  return (loss, correct)
}
