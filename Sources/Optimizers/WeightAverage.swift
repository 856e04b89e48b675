import Tensors

/// An exponential moving average of the parameters over the steps of training, which usually does better on
/// new data than the parameters themselves (Polyak and Juditsky 1992):
///
///     average += (1 - d) (parameter - average),   d = min(decay, (1 + t) / (10 + t))
///
/// with t the number of steps done: while there are few, the average forgets its start sooner. That is
/// `tf.train.ExponentialMovingAverage` with `num_updates`.
///
/// Running statistics are averaged like the weights.
package final class WeightAverage {
  package let decay: Double
  /// The averages, in the layout of the parameter arena. With the number of steps this is all its state.
  package let values: SharedBuffer<Float>

  /// Starts with the parameters as they are.
  package init(of parameters: Span<Float>, decay: Double) {
    self.decay = decay
    values = SharedBuffer(repeating: 0, count: parameters.count)
    let memory = values
    var start = memory.mutableSpan
    start.copy(from: parameters)
  }

  /// Takes the parameters in after a step.
  ///
  /// - Parameter steps: done since the start of training, with this one.
  package func update(_ parameters: Span<Float>, steps: Int) {
    let memory = values
    var average = memory.mutableSpan
    precondition(parameters.count == average.count, "\(parameters.count) parameters for \(average.count)")
    let share = Float(1 - min(decay, (1 + Double(steps)) / (10 + Double(steps))))
    for index in parameters.indices {
      let value = average[unchecked: index]
      average[unchecked: index] = value + share * (parameters[unchecked: index] - value)
    }
  }
}
