import Tensors

package struct SyntheticDigits: Sendable {
  package static let shape = Shape(28, 28, 1)
  package static let classes = 10
  private let seed: UInt64
  private let part: DataPart

  package init(_ part: DataPart, seed: UInt64) {
    self.part = part
    self.seed = seed
  }

  package func draw(_ index: Int, into pixels: inout MutableSpan<UInt8>) -> UInt8 {
    var random = RandomStream(
      seed: seed, purpose: .syntheticDigits, time: part == .train ? 0 : 1, index: index)
    let label = UInt8(random.integer(below: 10))
    for i in pixels.indices { pixels[i] = UInt8(random.integer(below: 256)) }
    return label
  }
}
