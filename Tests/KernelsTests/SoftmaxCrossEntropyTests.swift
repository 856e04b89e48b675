import Kernels
import Tensors
import TestSupport
import Testing

@Suite struct SoftmaxCrossEntropyTests {
  private func run(
    _ logits: [Float], _ labels: [Int32], scale: Float, smoothing: Float = 0
  ) -> (loss: Double, correct: Int, dLogits: [Float]) {
    var dLogits = [Float](repeating: .nan, count: logits.count)
    var span = dLogits.mutableSpan
    let targets = labels.map { ClassTarget($0) }
    let result = softmaxCrossEntropy(
      logits: logits.span, targets: targets.span, classes: logits.count / labels.count, scale: scale,
      smoothing: smoothing, dLogits: &span)
    return (result.loss, result.correct, dLogits)
  }

  @Test(arguments: [2, 10, 37])
  func agreesWithDefinition(classes: Int) {
    let labels: [Int32] = [0, 1, Int32(classes - 1), 1, 0]
    let logits = randomNumbers(labels.count * classes, seed: 1).map { 5 * $0 }
    let result = run(logits, labels, scale: 0.25)
    let expected = naiveCrossEntropy(logits.doubles, labels, classes: classes)
    #expect(abs(result.loss - expected) < 1e-5)
    expectClose(
      result.dLogits,
      centralDifferences(at: logits.doubles) { 0.25 * naiveCrossEntropy($0, labels, classes: classes) },
      tolerance: 1e-6, "dLogits")
    let right = labels.indices.count { row in
      let values = logits[row * classes..<(row + 1) * classes]
      return values.firstIndex(of: values.max()!)! - values.startIndex == Int(labels[row])
    }
    #expect(result.correct == right)
  }

  /// The loss of a mixed target is the mix of the losses, and so is its gradient.
  @Test(arguments: [0, 0.1] as [Float])
  func mixedTargetsMixLosses(smoothing: Float) {
    let logits = randomNumbers(3 * 5, seed: 2).map { 4 * $0 }
    let (labels, others): ([Int32], [Int32]) = ([0, 4, 2], [3, 1, 2])
    let share: Float = 0.75
    let targets = zip(labels, others).map { ClassTarget($0, other: $1, share: share) }
    var dLogits = [Float](repeating: .nan, count: 15)
    var span = dLogits.mutableSpan
    let mixed = softmaxCrossEntropy(
      logits: logits.span, targets: targets.span, classes: 5, scale: 0.5, smoothing: smoothing, dLogits: &span
    )
    let (first, second) = (
      run(logits, labels, scale: 0.5, smoothing: smoothing),
      run(logits, others, scale: 0.5, smoothing: smoothing)
    )
    #expect(abs(mixed.loss - 0.75 * first.loss - 0.25 * second.loss) < 1e-5)
    #expect(mixed.correct == first.correct)
    expectClose(
      dLogits, zip(first.dLogits, second.dLogits).map { Double(0.75 * $0 + 0.25 * $1) }, tolerance: 1e-6,
      "dLogits")
  }

  @Test func labelSmoothingIsThatOfPyTorch() {
    for golden in LabelSmoothingGolden.cases {
      let result = run(
        LabelSmoothingGolden.logits, LabelSmoothingGolden.labels, scale: 0.25, smoothing: golden.smoothing)
      #expect(abs(result.loss - golden.loss) < 1e-5, "smoothing \(golden.smoothing)")
      expectClose(result.dLogits, golden.gradient, tolerance: 1e-7, "smoothing \(golden.smoothing)")
      #expect(result.correct == 2)
    }
  }

  @Test func largeLogitsDoNotOverflow() {
    let result = run([1000, 0, -1000, 0], [0, 1], scale: 1)
    #expect(result.loss == 0 && result.correct == 2)
    #expect(result.dLogits.allSatisfy { $0 == 0 })
    #expect(run([-1e4, 0], [0], scale: 1).loss == 1e4)
  }

  @Test func firstOfEqualLogitsCounts() {
    #expect(run([1, 1, 1, 1], [0, 1], scale: 1).correct == 1)
  }

  @Test func nanIsSeen() {
    for place in 0..<3 {
      var logits: [Float] = [1, 2, 3]
      logits[place] = .nan
      let result = run(logits, [2], scale: 1)
      #expect(result.loss.isNaN && result.correct == 0, "NaN at \(place)")
    }
  }
}
