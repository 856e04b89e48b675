import Tensors

/// Somebody who is told how a run goes: the console, a file, a page. All are on rank 0.
///
/// What an observer throws is shown as a warning, and does not end the run; but a run does not begin without its
/// essential observers.
package protocol RunObserver: AnyObject {
  /// A run cannot do without: its failure at the start ends the run, a later one is tried again. Others are
  /// told nothing more once they have failed.
  var isEssential: Bool { get }

  func runBegan(_ start: RunStart) throws

  /// A step is done.
  func stepEnded(_ progress: StepProgress) throws

  /// A step is done whose numbers are to be recorded.
  func stepRecorded(_ record: StepRecord) throws

  /// An epoch is done, with its evaluation.
  func epochEnded(_ epoch: EpochEnd) throws

  /// The run is complete.
  func runEnded(_ end: RunEnd) throws

  /// The run ends before it is complete.
  func runStopped(_ stop: RunStop) throws

  /// What it has left in the run directory, by names for people.
  var files: [String] { get }
}

extension RunObserver {
  package var isEssential: Bool { false }
  package func runBegan(_ start: RunStart) throws {}
  package func stepEnded(_ progress: StepProgress) throws {}
  package func stepRecorded(_ record: StepRecord) throws {}
  package func epochEnded(_ epoch: EpochEnd) throws {}
  package func runEnded(_ end: RunEnd) throws {}
  package func runStopped(_ stop: RunStop) throws {}
  package var files: [String] { [] }
}

/// What a run begins with.
package struct RunStart: Sendable {
  /// The program and its version.
  package var program: String
  /// Settings in words, a row each.
  package var table: [(name: String, value: String)]
  package var warnings: [String]
  /// How far the run had got that goes on in its own directory; nil for one that begins there.
  package var resumed: ResumedRun?
  /// Epochs done before.
  package var results: RunResults

  package init(
    program: String, table: [(name: String, value: String)], warnings: [String], resumed: ResumedRun?,
    results: RunResults
  ) {
    self.program = program
    self.table = table
    self.warnings = warnings
    self.resumed = resumed
    self.results = results
  }
}

/// How far a run had got that now goes on.
package struct ResumedRun: Sendable {
  /// Steps since the start of training.
  package var steps: Int
  /// Epochs that are over, with their evaluation.
  package var epochs: Int

  package init(steps: Int, epochs: Int) {
    self.steps = steps
    self.epochs = epochs
  }
}

/// What a run has come to.
package struct RunResults: Sendable {
  /// The epochs that are done.
  package var epochs: [EpochMetrics] = []
  /// Where their training time went.
  package var times: [EpochTimes] = []
  /// Images that were trained on, and seconds of training and of evaluation.
  package var images = 0
  package var trainSeconds = 0.0
  package var evaluationSeconds = 0.0

  package init() {}

  package var imagesPerSecond: Double { Double(images) / trainSeconds }
}

/// The end of an epoch.
package struct EpochEnd {
  package var results: RunResults
  /// Epochs that the run is to have.
  package var epochs: Int
  /// Steps since the start of training.
  package var step: Int
  /// Where the time went, a line a rank; empty unless that is to be shown.
  package var rankLines: [String]
  /// The parameters that were evaluated, laid out as `layout` says.
  package var parameters: SharedBuffer<Float>
  package var layout: ParameterLayout

  package init(
    results: RunResults, epochs: Int, step: Int, rankLines: [String], parameters: SharedBuffer<Float>,
    layout: ParameterLayout
  ) {
    self.results = results
    self.epochs = epochs
    self.step = step
    self.rankLines = rankLines
    self.parameters = parameters
    self.layout = layout
  }
}

/// The end of a complete run.
package struct RunEnd: Sendable {
  package var results: RunResults
  /// The epoch whose weights are the result, where early stopping chose it.
  package var best: BestEpoch?
  /// Shares of the training time.
  package var shares: TimeShares
  package var weightsSHA256: String
  /// What is in the run directory, by names for people.
  package var files: [String]

  package init(
    results: RunResults, best: BestEpoch?, shares: TimeShares, weightsSHA256: String, files: [String]
  ) {
    self.results = results
    self.best = best
    self.shares = shares
    self.weightsSHA256 = weightsSHA256
    self.files = files
  }

  /// The epoch whose weights are the result; nil for a run of no epochs.
  package var result: EpochMetrics? { best.map { results.epochs[$0.epoch - 1] } ?? results.epochs.last }
}

/// The epoch that early stopping took.
package struct BestEpoch: Sendable {
  /// The epoch, from 1.
  package var epoch: Int
  /// The accuracy that was watched, of the validation or the test images.
  package var monitored: String
  package var accuracy: Double
  package var epochsWithoutImprovement: Int
  /// There would have been further epochs.
  package var stoppedEarly: Bool

  package init(
    epoch: Int, monitored: String, accuracy: Double, epochsWithoutImprovement: Int, stoppedEarly: Bool
  ) {
    self.epoch = epoch
    self.monitored = monitored
    self.accuracy = accuracy
    self.epochsWithoutImprovement = epochsWithoutImprovement
    self.stoppedEarly = stoppedEarly
  }
}

/// Why a run ends before it is complete.
package enum RunStop: Sendable {
  /// It was asked to, and can go on from a checkpoint.
  case checkpointed
  case failed(error: String)
}
