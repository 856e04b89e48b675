import Parallel

/// Trains as `configuration` says, on all ranks of `world`, from data to results.
///
/// - Parameters:
///   - configuration: with a checkpoint, the one to go on with: `Checkpoint.state.configuration` but for what
///     may change.
///   - checkpoint: where to go on; nil for a new run.
///   - warnings: to be said at the start.
/// - Throws: the same error on all ranks, or an `MPIError` after which the ranks must be aborted.
package func train(
  _ configuration: TrainingConfiguration, from checkpoint: Checkpoint? = nil, warnings: [String] = [],
  in world: World, version: String
) throws {
  _ = try Watchdog(world, configuration.stallLimits, .ofTraining)
  try world.agree { if world.isRoot { try RunClaim.check(configuration, from: checkpoint) } }
  let setup = try TrainingSetup(configuration, from: checkpoint, world)
  let warnings = try warnings + setup.warnings(world)
  let output = try world.agree {
    guard world.isRoot else { return RunOutput?.none }
    let claim = try RunClaim(configuration, from: checkpoint)
    return try RunOutput(claim, setup, from: checkpoint, warnings, world, version: version)
  }
  do {
    let run = try TrainingRun(setup, from: checkpoint, world, output)
    try run.run()
  } catch {
    output?.reporter.stop(error)
    throw error
  }
}
