import Parallel
import Reporting

/// The loss is no number any more. All ranks see it in the same step, as it is reduced.
struct DivergedError: AgreedError, CustomStringConvertible {
  let loss: Double
  /// Before the step.
  let position: TrainingPosition
  let learningRate: Double

  var description: String {
    "training diverged: the loss is \(loss) at step \(position.step + 1) (epoch \(position.epoch + 1)) with "
      + "learning rate \(shortest(learningRate)); try a lower one, a longer warm-up, or no scaling of it by the "
      + "ranks"
  }
}

/// A checkpoint cannot be written.
struct CheckpointError: Error, CustomStringConvertible {
  /// Number of steps done.
  let step: Int
  let reason: String

  var description: String {
    "no checkpoint after step \(step): \(reason). Earlier ones are as they were; when there is room, the "
      + "run can be resumed from the newest"
  }
}

/// A signal stopped the run, which can go on from a checkpoint: what was asked for, no failure.
package struct InterruptedError: AgreedError, CustomStringConvertible {
  let position: TrainingPosition
  package let checkpoint: String

  package var exitCode: Int32 { 75 }

  package var description: String {
    "stopped by a signal after step \(position.step) (epoch \(position.epoch + 1)), with all of it in \(checkpoint)"
  }
}
