import Kernels

/// 1 / (1 + exp(-x)).
package struct Sigmoid: ElementwiseLayer, PlainLayer {
  package static let type = "sigmoid"
  package static let shortName = "sigmoid"

  package init() {}

  package var function: ElementwiseFunction { .sigmoid }
}
