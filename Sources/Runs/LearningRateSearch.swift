import Engine
import Files
import Parallel
import Reporting

/// What `cnn-mpi lr-find` is to do.
package struct LearningRateSearchConfiguration: Sendable {
  /// What is trained, with which data and how; its learning rate does not matter.
  package var training = TrainingConfiguration()
  /// The first and the last rate, of one rank as in `TrainingConfiguration.learningRate`.
  package var lowest = 1e-7
  package var highest = 10.0
  package var steps = 100
  /// Directory for the results.
  package var out = "."

  package init() {}
}

/// Trains with a rising learning rate, prints what the loss does and writes it down, on all ranks of `world`.
///
/// - Parameter warnings: to be said at the start.
/// - Throws: the same error on all ranks, or an `MPIError` after which the ranks must be aborted.
package func findLearningRate(
  _ configuration: LearningRateSearchConfiguration, warnings: [String] = [], in world: World, version: String
) throws {
  var training = configuration.training
  training.learningRate = configuration.highest
  // The test images come with the others, but are of no use here.
  training.testSamples = 1
  _ = try Watchdog(world, training.stallLimits, .ofCommand)
  let out = withoutSlash(configuration.out)
  try world.agree { if world.isRoot { try makeDirectory(out) } }
  let setup = try TrainingSetup(training, from: nil, world)
  let report = LearningRateReport(setup, configuration, worldSize: world.size)
  let allWarnings = try warnings + setup.warnings(world)
  if world.isRoot { report.begin(setup.table(world), allWarnings, version: version) }
  let sweep = try setup.sweep(configuration, world) { if world.isRoot { report.stepEnded($0) } }
  world.pulse.enter(.finishing)
  try world.agree { if world.isRoot { try report.end(sweep, in: out) } }
}

extension TrainingSetup {
  /// Trains for the steps of a sweep, from epoch to epoch.
  ///
  /// - Parameter stepEnded: called after each step.
  fileprivate func sweep(
    _ search: LearningRateSearchConfiguration, _ world: World, stepEnded: (LearningRateSweep) -> Void
  ) throws -> LearningRateSweep {
    let strategy = try strategy(world)
    let factor = Double(configuration.learningRateFactor(worldSize: world.size))
    var sweep = LearningRateSweep(search.lowest...search.highest, steps: search.steps)
    var position = TrainingPosition()
    while sweep.next != nil {
      let loader = loader(epoch: position.epoch)
      let ring = try ring(loader, after: 0, world)
      while position.samples < schedule.samples, let rate = sweep.next {
        // The same numbers on all ranks, which so go on or end together.
        let metrics = try strategy.step(loader, ring, at: position, learningRate: factor * rate)
        sweep.add(metrics.loss)
        position.advance(over: schedule.batch(after: position.samples))
        stepEnded(sweep)
      }
      position.endEpoch()
    }
    return sweep
  }
}
