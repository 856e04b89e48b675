import Tensors

/// The mean of each channel: `AdaptiveAveragePool2D` of size 1. Input H x W x C, output 1 x 1 x C.
package struct GlobalAveragePool2D: UnaryLayer, PlainLayer {
  package static let type = "global_average_pool2d"
  package static let shortName = "pool"

  package init() {}

  package func outputShape(for input: Shape) throws(LayerError) -> Shape { Shape(1, 1, input.channels) }

  package func operation(at site: LayerSite) -> any Operation {
    AdaptiveAveragePool2DOperation(input: site.input, output: site.output)
  }
}
