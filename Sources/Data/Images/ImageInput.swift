import Tensors

/// What images are made that come in any size.
package struct ImageInput: Sendable, Equatable {
  /// (H, W, C) with 1 or 3 channels.
  package let shape: Shape
  /// How photographs get to that size; nil for both sides resized, whatever their ratio.
  package let preprocessing: Preprocessing?

  package init(shape: Shape, preprocessing: Preprocessing?) {
    (self.shape, self.preprocessing) = (shape, preprocessing)
  }

  /// The middle of photographs whose shorter side is resized to a little more than it, or just to it for small
  /// images, as is usual.
  package init(shape: Shape) {
    self.shape = shape
    let side = shape.height
    preprocessing =
      shape.width == side ? Preprocessing(resize: side >= 128 ? (side * 8 + 6) / 7 : side, crop: side) : nil
  }
}
