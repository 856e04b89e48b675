import Kernels
import Tensors

/// Puts inputs of one height and width behind each other along the channels.
package struct Concatenation: PlainLayer {
  package static let type = "concat"
  package static let shortName = "concat"

  package init() {}

  package func outputShape(for inputs: [Shape]) throws(LayerError) -> Shape {
    guard inputs.count > 1 else { throw LayerError("expected two or more inputs, found \(inputs.count)") }
    guard inputs.allSatisfy({ $0.height == inputs[0].height && $0.width == inputs[0].width }) else {
      throw LayerError(
        "expected inputs of one height and width, found \(inputs.map { "\($0)" }.joined(separator: ", "))")
    }
    return Shape(inputs[0].height, inputs[0].width, inputs.reduce(0) { $0 + $1.channels })
  }

  package var keepsScale: Bool { true }

  package func operation(at site: LayerSite) -> any Operation {
    ConcatenationOperation(site.inputs.map(\.channels))
  }
}

private final class ConcatenationOperation: Operation {
  /// Channels of each input, and where they begin in the output.
  private let inputs: [(width: Int, offset: Int)]
  private let total: Int

  init(_ widths: [Int]) {
    var offset = 0
    inputs = widths.map { width in
      defer { offset += width }
      return (width, offset)
    }
    total = offset
  }

  func forward(_ x: PassValues, parameters: Span<Float>, pass: Pass, into y: inout MutableSpan<Float>) {
    for (index, input) in inputs.enumerated() {
      concatenate(x[index], channels: input.width, at: input.offset, into: &y, width: total)
    }
  }

  func backward(
    _ x: PassValues, y: Span<Float>, dY: inout MutableSpan<Float>, parameters: Span<Float>, pass: Pass,
    gradients: inout MutableSpan<Float>, dX: PassValues
  ) {
    for (index, input) in inputs.enumerated() {
      var gradient = dX.gradient(index)
      guard !gradient.isEmpty else { continue }
      concatenateBackward(dY: dY.span, width: total, at: input.offset, into: &gradient, channels: input.width)
    }
  }
}
