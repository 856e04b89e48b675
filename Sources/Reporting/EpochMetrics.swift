/// An epoch's results: a row of `metrics.csv`.
package struct EpochMetrics: Codable, Sendable {
  /// From 1.
  package var epoch: Int
  package var trainLoss: Double
  package var trainAccuracy: Double
  package var testLoss: Double
  package var testAccuracy: Double
  /// The learning rate of the epoch's last step.
  package var learningRate: Double
  package var imagesPerSecond: Double
  /// Training alone, without the evaluation.
  package var seconds: Double
  /// The results on held-out training images, where there are any.
  package var validationLoss: Double?
  package var validationAccuracy: Double?

  package init(
    epoch: Int, trainLoss: Double, trainAccuracy: Double, testLoss: Double, testAccuracy: Double,
    learningRate: Double, imagesPerSecond: Double, seconds: Double,
    validationLoss: Double? = nil, validationAccuracy: Double? = nil
  ) {
    self.epoch = epoch
    self.trainLoss = trainLoss
    self.trainAccuracy = trainAccuracy
    self.testLoss = testLoss
    self.testAccuracy = testAccuracy
    self.learningRate = learningRate
    self.imagesPerSecond = imagesPerSecond
    self.seconds = seconds
    self.validationLoss = validationLoss
    self.validationAccuracy = validationAccuracy
  }

  /// The columns behind `epoch`, by their names in the files; those of the validation only where there is
  /// one.
  package var columns: [(name: String, value: Double)] {
    let always = [
      ("train_loss", trainLoss), ("train_accuracy", trainAccuracy), ("test_loss", testLoss),
      ("test_accuracy", testAccuracy), ("learning_rate", learningRate),
      ("images_per_second", imagesPerSecond), ("seconds", seconds),
    ]
    let validation = [("validation_loss", validationLoss), ("validation_accuracy", validationAccuracy)]
    return always + validation.compactMap { name, value in value.map { (name, $0) } }
  }

  var row: String { columns.reduce("\(epoch)") { "\($0),\($1.value)" } }
}
