import Tensors

/// How a tensor starts.
package enum Initializer: Equatable, Sendable {
  case constant(Float)
  /// Normal with standard deviation sqrt(2 / fanIn): for layers that a ReLU follows (He et al. 2015).
  case he(fanIn: Int)
  /// Uniform in +-sqrt(6 / (fanIn + fanOut)): for the others (Glorot and Bengio 2010).
  case glorot(fanIn: Int, fanOut: Int)

  package func fill(_ values: inout MutableSpan<Float>, random: inout RandomStream) {
    for index in values.indices {
      values[index] =
        switch self {
        case .constant(let value): value
        case .he(let fanIn): random.normal() * (2 / Float(fanIn)).squareRoot()
        case .glorot(let fanIn, let fanOut):
          random.uniform(-1, 1) * (6 / Float(fanIn + fanOut)).squareRoot()
        }
    }
  }
}
