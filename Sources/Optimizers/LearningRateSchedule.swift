import Glibc

/// The learning rate of each step.
///
/// It is scaled with the number of ranks, because the global batch is (the linear rule), and gets there
/// gradually from the unscaled rate during warm-up (Goyal et al. 2017). Then it follows the decay.
package struct LearningRateSchedule: Sendable {
  package enum Decay: Equatable, Sendable {
    case constant
    /// Along half a cosine to 0 at the last step (Loshchilov and Hutter 2017).
    case cosine
    /// Times `factor` after every `steps` steps since the start.
    case step(factor: Double, steps: Int)
  }

  /// The rate at the start of warm-up.
  package let initial: Double
  /// The rate after warm-up.
  package let peak: Double
  package let warmupSteps: Int
  package let totalSteps: Int
  package let decay: Decay

  package init(initial: Double, peak: Double, warmupSteps: Int, totalSteps: Int, decay: Decay) {
    self.initial = initial
    self.peak = peak
    self.warmupSteps = warmupSteps
    self.totalSteps = totalSteps
    self.decay = decay
  }

  /// The rate of step `step`, from 0.
  package func rate(at step: Int) -> Double {
    if step < warmupSteps {
      return initial + (peak - initial) * Double(step) / Double(warmupSteps)
    }
    switch decay {
    case .constant: return peak
    case .cosine:
      let progress = Double(step - warmupSteps) / Double(max(totalSteps - warmupSteps, 1))
      return peak * 0.5 * (1 + cos(.pi * min(progress, 1)))
    case .step(let factor, let steps): return peak * pow(factor, Double(step / max(steps, 1)))
    }
  }
}
