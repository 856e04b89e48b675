import Kernels

/// max(x, 0). Behind a convolution, dense or batch normalisation layer it becomes part of that one's
/// operation.
package struct ReLU: ElementwiseLayer, PlainLayer {
  package static let type = "relu"
  package static let shortName = "relu"

  package init() {}

  package var function: ElementwiseFunction { .activation(.relu) }
}
