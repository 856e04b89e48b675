import Kernels

/// min(max(x, 0), 6), as MobileNets have it (Howard et al. 2017). Behind a convolution, dense or batch
/// normalisation layer it becomes part of that one's operation.
package struct ReLU6: ElementwiseLayer, PlainLayer {
  package static let type = "relu6"
  /// That of `ReLU`: `relu6` and a number would read as the number of a ReLU.
  package static let shortName = "relu"

  package init() {}

  package var function: ElementwiseFunction { .activation(.relu6) }
}
