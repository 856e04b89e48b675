/// What a sample shows: a class, or, where two images are mixed, two.
package struct ClassTarget: BitwiseCopyable, Equatable, Sendable {
  package var label: Int32
  /// The class of the image that is mixed in.
  package var other: Int32
  /// The part of the target that is `label`'s; the rest is that of `other`.
  package var share: Float

  package init(_ label: Int32) { (self.label, other, share) = (label, label, 1) }

  package init(_ label: Int32, other: Int32, share: Float) {
    (self.label, self.other, self.share) = (label, other, share)
  }
}
