import Tensors

/// How a tensor starts.
package enum Initializer: Equatable, Sendable {
  case constant(Float)
  /// Normal with standard deviation sqrt(2 / fanIn): for layers that a ReLU or one of its kin follows
  /// (He et al. 2015).
  case he(fanIn: Int)
  /// Uniform in +-sqrt(6 / (fanIn + fanOut)): for those that none follows (Glorot and Bengio 2010).
  case glorot(fanIn: Int, fanOut: Int)
  /// Uniform in +-1 / sqrt(fanIn), as PyTorch starts all layers: for those that batch normalisation follows. It divides
  /// out their scale, which says then how far a step turns the weights: smaller ones learn faster at the same rate
  /// (van Laarhoven 2017).
  case normalized(fanIn: Int)
  /// Normal with this standard deviation: 0.01 for the layer of the logits, so that training starts without a
  /// preference for any class and can take large steps at once (Goyal et al. 2017, section 5.1).
  case normal(deviation: Float)

  package func fill(_ values: inout MutableSpan<Float>, random: inout RandomStream) {
    for index in values.indices {
      values[index] =
        switch self {
        case .constant(let value): value
        case .he(let fanIn): random.normal() * (2 / Float(fanIn)).squareRoot()
        case .glorot(let fanIn, let fanOut):
          random.uniform(-1, 1) * (6 / Float(fanIn + fanOut)).squareRoot()
        case .normalized(let fanIn): random.uniform(-1, 1) / Float(fanIn).squareRoot()
        case .normal(let deviation): random.normal() * deviation
        }
    }
  }
}
