import Files
import Reporting

/// The run directory as a run takes hold of it, before anything in it is changed.
struct RunClaim {
  let directory: RunDirectory
  let checkpoints: CheckpointDirectory
  let lock: RunLock
  /// The run goes on in the directory of its checkpoint, and keeps what is there.
  let goesOnHere: Bool
  /// Another run that is there, and has to go.
  let earlier: EarlierRun?

  /// Makes the directory where there is none.
  ///
  /// - Throws: when the directory cannot be written, is in use, or holds a run that is not to be replaced.
  init(_ configuration: TrainingConfiguration, from checkpoint: Checkpoint?) throws {
    directory = try RunDirectory(configuration.out)
    checkpoints = CheckpointDirectory(path: directory.file(CheckpointDirectory.name))
    lock = try RunLock(in: directory)
    goesOnHere = checkpoint?.lies(in: directory.path) ?? false
    earlier = try Self.earlier(in: directory, configuration, from: checkpoint)
  }

  /// Looks whether a run may have its directory, before it reads its data, and leaves no trace.
  ///
  /// - Throws: when the directory is in use, or holds a run that is not to be replaced.
  static func check(_ configuration: TrainingConfiguration, from checkpoint: Checkpoint?) throws {
    guard let path = configuration.out, let directory = RunDirectory(existing: path) else { return }
    try RunLock.check(in: directory)
    _ = try earlier(in: directory, configuration, from: checkpoint)
  }

  /// A run in the directory that may be replaced; nil where there is none, or the run goes on with it.
  private static func earlier(
    in directory: RunDirectory, _ configuration: TrainingConfiguration, from checkpoint: Checkpoint?
  ) throws -> EarlierRun? {
    let checkpoints = CheckpointDirectory(path: directory.file(CheckpointDirectory.name))
    guard checkpoint?.lies(in: directory.path) != true,
      let earlier = try EarlierRun(in: directory, checkpoints)
    else { return nil }
    let isGivenUp = configuration.resume != nil && checkpoint == nil && earlier.leftNothing
    guard configuration.overwrite || isGivenUp else {
      throw RunInTheWayError(directory: directory.path, earlier: earlier.words)
    }
    return earlier
  }

  /// Makes room for the run.
  func clear() throws {
    for place in [directory.path, checkpoints.path] { removeTemporaries(in: place) }
    guard let earlier else { return }
    if earlier.leftNothing { earlier.remove() } else { try earlier.moveAside() }
  }

  /// What the start table says of the directory.
  var words: String {
    guard let earlier, !earlier.leftNothing else { return directory.path }
    return
      "\(directory.path) (its earlier run is in \(EarlierRun.aside(directory)) until the first checkpoint)"
  }
}
