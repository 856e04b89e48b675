import Glibc

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
/// - Parameters:
///   - logits: (N, classes).
///   - labels: (N), in 0..<classes.
///   - scale: factor of the gradient, usually 1 / global batch, so that gradients of all micro-batches sum to
///     the mean's.
///   - smoothing: in 0..<1.
///   - dLogits: (N, classes), overwritten: scale (softmax - target); or empty where nobody needs it.
/// - Returns: the losses' sum, not scaled, and the number of samples whose largest logit is the label's. Of
///   equal logits the first counts; a row with NaN counts as wrong.
package func softmaxCrossEntropy(
  logits: Span<Float>, labels: Span<Int32>, classes: Int, scale: Float, smoothing: Float = 0,
  dLogits: inout MutableSpan<Float>
) -> (loss: Double, correct: Int) {
  precondition(logits.count == labels.count * classes, "\(logits.count) logits, \(labels.count) labels")
  precondition(dLogits.isEmpty || dLogits.count == logits.count, "\(dLogits.count) gradients")
  var loss = 0.0
  var correct = 0
  for row in labels.indices {
    let first = row * classes
    let label = Int(labels[row])
    precondition(label >= 0 && label < classes, "label \(label) of \(classes) classes")
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
    loss += Double(logf(sum)) + Double(largest) - Double(logits[first + label])
    if smoothing > 0 {
      var mean = 0.0
      for k in 0..<classes { mean += Double(logits[first + k]) / Double(classes) }
      loss += Double(smoothing) * (Double(logits[first + label]) - mean)
    }
    correct += argument == label ? 1 : 0
    guard !dLogits.isEmpty else { continue }
    let factor = scale / sum
    for k in 0..<classes { dLogits[first + k] = factor * expf(logits[first + k] - largest) }
    dLogits[first + label] -= scale * (1 - smoothing)
    if smoothing > 0 {
      for k in 0..<classes { dLogits[first + k] -= scale * smoothing / Float(classes) }
    }
  }
  return (loss, correct)
}
