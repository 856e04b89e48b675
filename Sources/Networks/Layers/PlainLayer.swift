import Files

/// A layer that a model file describes by its type alone.
package protocol PlainLayer: Layer {
  init()
}

extension PlainLayer {
  package init(from decoder: any Decoder) throws {
    try decoder.expectOnly([])
    self.init()
  }

  package func encode(to encoder: any Encoder) throws { _ = encoder.container(keyedBy: AnyKey.self) }
}
