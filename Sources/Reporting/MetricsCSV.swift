/// An epoch's results: a row of `metrics.csv`.
package struct EpochMetrics: Codable, Sendable {
  /// From 1.
  package var epoch: Int
  package var trainLoss: Double
  package var trainAccuracy: Double
  package var testLoss: Double
  package var testAccuracy: Double
  /// Of the epoch's last step.
  package var learningRate: Double
  package var imagesPerSecond: Double
  /// Training alone, without the evaluation.
  package var seconds: Double

  package init(
    epoch: Int, trainLoss: Double, trainAccuracy: Double, testLoss: Double, testAccuracy: Double,
    learningRate: Double, imagesPerSecond: Double, seconds: Double
  ) {
    self.epoch = epoch
    self.trainLoss = trainLoss
    self.trainAccuracy = trainAccuracy
    self.testLoss = testLoss
    self.testAccuracy = testAccuracy
    self.learningRate = learningRate
    self.imagesPerSecond = imagesPerSecond
    self.seconds = seconds
  }

  fileprivate var row: String {
    [trainLoss, trainAccuracy, testLoss, testAccuracy, learningRate, imagesPerSecond, seconds]
      .reduce("\(epoch)") { "\($0),\($1)" }
  }
}

/// `metrics.csv` as text: a header and a row an epoch. Numbers are written so that they read back exactly.
package func metricsCSV(_ epochs: [EpochMetrics]) -> String {
  let header =
    "epoch,train_loss,train_accuracy,test_loss,test_accuracy,learning_rate,images_per_second,seconds"
  return ([header] + epochs.map(\.row)).map { $0 + "\n" }.joined()
}
