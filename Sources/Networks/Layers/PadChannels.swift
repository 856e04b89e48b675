import Kernels
import Tensors

/// Puts channels of zeros before and behind those of the input.
package struct PadChannels: UnaryLayer {
  package static let type = "pad_channels"
  package static let shortName = "pad"

  package let before: Int
  package let after: Int

  package init(before: Int, after: Int) {
    self.before = before
    self.after = after
  }

  private enum CodingKeys: String, CodingKey, CaseIterable { case before, after }

  package init(from decoder: any Decoder) throws {
    let keys = try decoder.strictContainer(CodingKeys.self)
    before = try keys.decodeIfPresent(Int.self, forKey: .before) ?? 0
    after = try keys.decodeIfPresent(Int.self, forKey: .after) ?? 0
  }

  package func outputShape(for input: Shape) throws(LayerError) -> Shape {
    guard before >= 0, after >= 0, before <= Int32.max, after <= Int32.max else {
      throw LayerError("channels before and after must be 0 or more, found \(before) and \(after)")
    }
    return Shape(input.height, input.width, before + input.channels + after)
  }

  package var keepsScale: Bool { true }

  package func operation(at site: LayerSite) -> any Operation {
    PadChannelsOperation(width: site.input.channels, offset: before, total: site.output.channels)
  }
}

private final class PadChannelsOperation: UnaryOperation {
  private let (width, offset, total): (Int, Int, Int)

  init(width: Int, offset: Int, total: Int) { (self.width, self.offset, self.total) = (width, offset, total) }

  func forward(_ x: Span<Float>, parameters: Span<Float>, pass: Pass, into y: inout MutableSpan<Float>) {
    y.update(repeating: 0)
    concatenate(x, channels: width, at: offset, into: &y, width: total)
  }

  func backward(
    _ x: Span<Float>, y: Span<Float>, dY: inout MutableSpan<Float>, parameters: Span<Float>, pass: Pass,
    gradients: inout MutableSpan<Float>, dX: inout MutableSpan<Float>
  ) {
    if !dX.isEmpty { concatenateBackward(dY: dY.span, width: total, at: offset, into: &dX, channels: width) }
  }
}
