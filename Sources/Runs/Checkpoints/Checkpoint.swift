import Files
import Models

/// All that a run needs to go on as if it had not stopped: one for all ranks.
///
/// As a file it is a model like any other in safetensors, weights under PyTorch's names, with the optimizer's
/// state behind them (`optimizer.velocity.conv1.weight`) and `CheckpointState` in its metadata.
package final class Checkpoint {
  package let state: CheckpointState
  package let path: String
  /// Nil once a run has gone on with it: the memory is not kept for the rest of the run.
  var file: SafetensorsFile?

  /// - Throws: when the file is none of a run.
  init(_ file: SafetensorsFile) throws {
    self.file = file
    path = file.path
    guard let text = file.metadata[CheckpointState.key] else {
      throw FileError(
        file.path, expected: "a checkpoint, with \"\(CheckpointState.key)\" in its metadata", found: "none",
        hint: "\(TrainedModel.fileName) is to start from, to evaluate and to predict with")
    }
    state = try CheckpointState.decode(
      text, path: file.path, writtenBy: file.metadata["program"] ?? "an unknown program")
  }
}
