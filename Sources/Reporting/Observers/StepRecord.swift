/// How training stands after a step: a line of `metrics.jsonl`, and what TensorBoard shows of it.
package struct StepRecord: Codable, Sendable {
  /// Steps since the start of training, this one included.
  package var step: Int
  /// From 1.
  package var epoch: Int
  /// Training samples since the start of training.
  package var samples: Int
  /// Mean over the samples since the last record, or since the start of the epoch.
  package var loss: Double
  package var accuracy: Double
  package var learningRate: Double
  /// Since the last record.
  package var imagesPerSecond: Double
  /// L2 norm of this step's gradient.
  package var gradientNorm: Double
  /// Training time since the start of training, evaluations left out.
  package var seconds: Double

  package init(
    step: Int, epoch: Int, samples: Int, loss: Double, accuracy: Double, learningRate: Double,
    imagesPerSecond: Double, gradientNorm: Double, seconds: Double
  ) {
    self.step = step
    self.epoch = epoch
    self.samples = samples
    self.loss = loss
    self.accuracy = accuracy
    self.learningRate = learningRate
    self.imagesPerSecond = imagesPerSecond
    self.gradientNorm = gradientNorm
    self.seconds = seconds
  }

  /// All numbers by their names in `metrics.jsonl`.
  var columns: [(name: String, value: JSONLine.Value)] {
    [
      ("step", .whole(step)), ("epoch", .whole(epoch)), ("samples", .whole(samples)), ("loss", .number(loss)),
      ("accuracy", .number(accuracy)), ("learning_rate", .number(learningRate)),
      ("images_per_second", .number(imagesPerSecond)), ("gradient_norm", .number(gradientNorm)),
      ("seconds", .number(seconds)),
    ]
  }
}
