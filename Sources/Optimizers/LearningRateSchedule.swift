import Glibc

/// The learning rate in the course of training, by epochs done.
///
/// It is scaled with the number of ranks, because the global batch is (the linear rule), and gets there
/// gradually from the unscaled rate during warm-up (Goyal et al. 2017). Then it follows the decay.
package struct LearningRateSchedule: Sendable {
  package enum Decay: Equatable, Sendable {
    case constant
    /// Along half a cosine to 0 at the end (Loshchilov and Hutter 2017).
    case cosine
    /// Times `factor` after every `epochs` epochs since the start.
    case step(factor: Double, epochs: Double)
  }

  /// The rate at the start of warm-up.
  package let initial: Double
  /// The rate after warm-up.
  package let peak: Double
  package let warmupEpochs: Double
  package let totalEpochs: Double
  package let decay: Decay

  package init(initial: Double, peak: Double, warmupEpochs: Double, totalEpochs: Double, decay: Decay) {
    self.initial = initial
    self.peak = peak
    self.warmupEpochs = min(warmupEpochs, totalEpochs)
    self.totalEpochs = totalEpochs
    self.decay = decay
  }

  /// The rate of the step that follows on `epochs` epochs of training.
  package func rate(after epochs: Double) -> Double {
    if epochs < warmupEpochs {
      return initial + (peak - initial) * epochs / warmupEpochs
    }
    switch decay {
    case .constant: return peak
    case .cosine:
      guard totalEpochs > warmupEpochs else { return peak }
      let progress = (epochs - warmupEpochs) / (totalEpochs - warmupEpochs)
      return peak * 0.5 * (1 + cos(.pi * min(progress, 1)))
    case .step(let factor, let length): return peak * pow(factor, (epochs / length).rounded(.down))
    }
  }
}
