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

  /// - Throws: when the directory cannot be written, is in use, or holds a run that is not to be replaced.
  init(_ configuration: TrainingConfiguration, from checkpoint: Checkpoint?) throws {
    directory = try RunDirectory(configuration.out)
    checkpoints = CheckpointDirectory(path: directory.file(CheckpointDirectory.name))
    lock = try RunLock(in: directory)
    goesOnHere = checkpoint?.lies(in: directory.path) ?? false
    earlier = goesOnHere ? nil : try EarlierRun(in: directory, checkpoints)
    guard let earlier, !configuration.overwrite else { return }
    guard configuration.resume != nil, checkpoint == nil, earlier.leftNothing else {
      throw RunInTheWayError(directory: directory.path, earlier: earlier.words)
    }
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
