import Kernels

/// x / (1 + exp(-x)), also called swish.
package struct SiLU: ElementwiseLayer, PlainLayer {
  package static let type = "silu"
  package static let shortName = "silu"

  package init() {}

  package var function: ElementwiseFunction { .silu }
}
