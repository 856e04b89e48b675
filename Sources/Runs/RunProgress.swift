import Engine
import Parallel
import Reporting

/// How far a run is, and what came out so far: what a checkpoint has beside the model's and the optimizer's
/// numbers.
struct RunProgress: Codable {
  private(set) var position = TrainingPosition()
  /// The sums of the epoch under way.
  private(set) var sums = EpochSums()
  /// The learning rate of the last step.
  private(set) var learningRate = 0.0
  /// Training time of the epoch under way, and of all, evaluation left out.
  private(set) var secondsInEpoch = 0.0
  private(set) var trainSeconds = 0.0
  private(set) var evaluationSeconds = 0.0
  /// Where the training time of the epoch under way went, of those before, and of all.
  private(set) var timesInEpoch = StepTimes()
  private(set) var epochTimes: [EpochTimes] = []
  private(set) var times = StepTimes()
  /// Images that were trained on.
  private(set) var images = 0
  /// The results of the epochs that are done.
  private(set) var epochs: [EpochMetrics] = []

  /// A step is done.
  ///
  /// - Parameters:
  ///   - seconds: since the last one.
  ///   - times: the parts of that.
  mutating func add(
    _ result: StepMetrics, _ batch: GlobalBatch, learningRate: Double, seconds: Double, times: StepTimes
  ) {
    position.advance(over: batch)
    sums.add(result, samples: batch.count)
    self.learningRate = learningRate
    secondsInEpoch += seconds
    trainSeconds += seconds
    timesInEpoch = timesInEpoch + times
    self.times = self.times + times
    images += batch.count
  }

  /// The steps of an epoch of `samples` samples, and its evaluations, are done.
  mutating func endEpoch(
    _ test: EvaluationResult, _ validation: EvaluationResult?, samples: Int, evaluationSeconds: Double
  ) {
    self.evaluationSeconds += evaluationSeconds
    epochs.append(
      EpochMetrics(
        epoch: position.epoch + 1, trainLoss: sums.meanLoss, trainAccuracy: sums.accuracy,
        testLoss: test.loss, testAccuracy: test.accuracy, learningRate: learningRate,
        imagesPerSecond: Double(samples) / secondsInEpoch, seconds: secondsInEpoch,
        validationLoss: validation?.loss, validationAccuracy: validation?.accuracy))
    epochTimes.append(
      EpochTimes(
        epoch: position.epoch + 1, computeSeconds: timesInEpoch.compute,
        communicationSeconds: timesInEpoch.communication, hiddenCommunicationSeconds: timesInEpoch.hidden,
        dataSeconds: timesInEpoch[.data]))
    timesInEpoch = StepTimes()
    position.endEpoch()
    sums = EpochSums()
    secondsInEpoch = 0
  }
}

extension RunProgress {
  /// What observers see of it.
  var results: RunResults {
    var results = RunResults()
    results.epochs = epochs
    results.times = epochTimes
    results.images = images
    results.trainSeconds = trainSeconds
    results.evaluationSeconds = evaluationSeconds
    return results
  }
}

/// Sums over the samples of an epoch so far, each with the parameters that its step found.
struct EpochSums: Codable {
  private(set) var samples = 0
  private var loss = 0.0
  private var correct = 0.0

  mutating func add(_ result: StepMetrics, samples count: Int) {
    samples += count
    loss += result.loss * Double(count)
    correct += result.correct
  }

  /// What came after `earlier`.
  static func - (sums: Self, earlier: Self) -> Self {
    var rest = sums
    rest.samples -= earlier.samples
    rest.loss -= earlier.loss
    rest.correct -= earlier.correct
    return rest
  }

  var meanLoss: Double { loss / Double(max(samples, 1)) }
  var accuracy: Double { correct / Double(max(samples, 1)) }
}

/// An epoch's sums and training time when a step of it was last recorded.
struct SumsAtLastRecord: Codable {
  var sums = EpochSums()
  var seconds = 0.0
}
