/// The class of each sample's largest logit; of equal ones the first, and -1 for a row with NaN: what
/// `softmaxCrossEntropy` counts as right where it is the label.
///
/// - Parameters:
///   - logits: (N, classes).
///   - predictions: (N), overwritten.
package func largestLogits(_ logits: Span<Float>, classes: Int, into predictions: inout MutableSpan<Int32>) {
  precondition(logits.count == predictions.count * classes, "\(logits.count) logits")
  for row in predictions.indices {
    var (largest, argument) = (logits[row * classes], 0)
    var hasNaN = largest.isNaN
    for k in 1..<classes {
      let logit = logits[row * classes + k]
      if logit > largest { (largest, argument) = (logit, k) }
      if logit.isNaN { hasNaN = true }
    }
    predictions[row] = hasNaN ? -1 : Int32(argument)
  }
}
