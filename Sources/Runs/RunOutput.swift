import Files
import Models
import Parallel
import Reporting
import Tensors

/// What a run leaves behind, on rank 0: its directory, its checkpoints, and all who are told how it goes.
final class RunOutput {
  let reporter: RunReporter
  private let claim: RunClaim
  private let version: String
  private let keep: Int

  /// - Parameter checkpoint: where the run goes on.
  /// - Throws: when the run directory cannot be written.
  init(
    _ claim: RunClaim, _ setup: TrainingSetup, from checkpoint: Checkpoint?, _ warnings: [String],
    _ world: World, version: String
  ) throws {
    self.claim = claim
    self.version = version
    keep = setup.configuration.keep
    try claim.clear()
    let console = Console(setup.configuration.verbosity)
    var record = RunRecord(setup, world, version: version)
    record.resumedFrom = checkpoint?.path
    record.resumedAfterStep = checkpoint?.state.progress.position.step
    let observers = Self.observers(claim, setup.configuration, record, console)
    reporter = RunReporter(
      RunObservers(observers, console), console, setup, recorded: checkpoint?.state.recorded)
    let progress = checkpoint?.state.progress
    let position = claim.goesOnHere ? progress?.position : nil
    try reporter.begin(
      RunStart(
        program: "cnn-mpi \(version)", table: setup.table(world) + [("output", claim.words)],
        warnings: warnings, resumed: position.map { ResumedRun(steps: $0.step, epochs: $0.epoch) },
        results: progress?.results ?? RunResults()))
  }

  /// The console comes last, as it tells what the others have written.
  private static func observers(
    _ claim: RunClaim, _ configuration: TrainingConfiguration, _ record: RunRecord, _ console: Console
  ) -> [any RunObserver] {
    let directory = claim.directory
    let always: [any RunObserver] = [
      claim.lock, RunRecordFile(record, in: directory), MetricsCSV(in: directory),
    ]
    let more: [any RunObserver] = [
      MetricsLog(in: directory), TensorBoardLog(in: directory),
      TrainingFigures(in: directory, title: record.title),
    ]
    return always + (configuration.records == .csv ? [] : more)
      + [ConsoleObserver(console, directory: directory.path)]
  }

  var tracePath: String { claim.directory.file(Trace.fileName) }

  /// Writes `model.safetensors`.
  func write(_ model: TrainedModel) throws {
    try model.write(to: claim.directory.file(TrainedModel.fileName), version: version)
    try EarlierRun.removeAside(claim.directory)
  }

  /// Writes a checkpoint.
  ///
  /// - Parameters:
  ///   - model: what the run has learnt so far.
  ///   - tensors: all numbers that it needs to go on.
  /// - Returns: its path.
  func write(_ state: CheckpointState, of model: TrainedModel, _ tensors: [NamedTensor]) throws -> String {
    let step = state.progress.position.step
    let metadata = try model.metadata(version: version)
      .merging([CheckpointState.key: state.encoded()]) { _, new in new }
    do {
      let contents = SafetensorsContents(metadata: metadata, tensors: tensors)
      let path = try claim.checkpoints.write(
        contents, at: state.progress.position, worldSize: state.worldSize, keep: keep)
      try EarlierRun.removeAside(claim.directory)
      return path
    } catch {
      throw CheckpointError(step: step, reason: "\(error)")
    }
  }
}
