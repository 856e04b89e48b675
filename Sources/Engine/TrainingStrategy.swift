import Data
import Hashing
import Networks
import Parallel
import System
import Tensors

/// How the ranks of a job train one model together: which micro-batches a rank computes, what the ranks
/// exchange, and when parameters change. One file a strategy.
///
/// All ranks make the same strategy, and call its functions together and in the same order.
package protocol TrainingStrategy: AnyObject {
  var world: World { get }
  var engine: Engine { get }

  /// Trains on the global batch at `position`.
  ///
  /// - Parameter ring: loads ahead what `loader` would; nil where the computing threads load themselves.
  /// - Returns: mean loss and right answers of the whole batch, the same on every rank.
  func step(
    _ loader: BatchLoader, _ ring: PrefetchRing?, at position: TrainingPosition, learningRate: Double
  ) throws -> StepMetrics

  /// The parameters and running statistics that count now, the same on all ranks: what is evaluated, and
  /// becomes the model.
  func consistentParameters() throws -> SharedBuffer<Float>

  /// All that decides how training goes on, beside its position: what a checkpoint holds. It may be
  /// overwritten before the first step. The parameters come first, with an empty name.
  var state: [TrainingState] { get }

  /// The L2 norm of the last step's gradient, the mean over the global batch, before clipping: the same on
  /// every rank.
  func gradientNorm() -> Double

  /// Compares what must be the same on all ranks.
  ///
  /// - Parameter step: number of steps done, for messages.
  /// - Throws: on all ranks, a `ReplicaError`.
  func checkReplicas(afterStep step: Int) throws

  /// From now on steps, threads and reductions are taken down for a trace.
  func trace(steps: Timeline, threads: [Timeline], buckets: Timeline)
}

/// An arena of what a strategy remembers from step to step.
package struct TrainingState {
  /// What checkpoints call it, such as `optimizer.velocity`; empty for the parameters themselves.
  package let name: String
  /// Which tensors of the layout it has numbers for.
  package let part: ParameterLayout.Part
  package let values: SharedBuffer<Float>

  package init(name: String, _ part: ParameterLayout.Part, _ values: SharedBuffer<Float>) {
    self.name = name
    self.part = part
    self.values = values
  }
}

extension TrainingStrategy {
  /// Trains on the global batch at `position`, whose images the computing threads load themselves.
  package func step(
    _ loader: BatchLoader, at position: TrainingPosition, learningRate: Double
  ) throws -> StepMetrics {
    try step(loader, nil, at: position, learningRate: learningRate)
  }

  package var network: Network { engine.network }
  package var layout: ParameterLayout { engine.network.layout }

  /// Evaluates the consistent parameters on all samples of `loader`, divided among ranks and threads.
  ///
  /// The work is cut into whole micro-batches, whoever computes them, and their losses are added in order:
  /// for equal parameters the result is bitwise the same on any number of ranks and threads.
  package func evaluate(_ loader: BatchLoader) throws -> EvaluationResult {
    try engine.evaluate(loader, try consistentParameters(), in: world)
  }

  /// Time that this rank's leading thread has spent in the parts of all steps so far.
  package var times: StepTimes { engine.clock.times }
}

extension ParameterLayout {
  /// SHA-256 of all parameters and running statistics in an arena, in layout order, without the gaps.
  package func sha256(of parameters: SharedBuffer<Float>) -> String {
    var hash = SHA256()
    for tensor in tensors { hash.update(parameters.span.extracting(tensor.range).bytes) }
    return hash.hexDigest()
  }
}
