extension MutableSpan where Element: BitwiseCopyable {
  /// The elements at `range`, writable.
  package subscript(slice range: Range<Int>) -> MutableSpan<Element> {
    @_lifetime(&self)
    mutating get {
      precondition(
        range.lowerBound >= 0 && range.upperBound <= count, "slice \(range) of a span of \(count) elements")
      let part = unsafe withUnsafeMutableBufferPointer {
        unsafe UnsafeMutableBufferPointer(rebasing: $0[range])
      }
      return unsafe _overrideLifetime(part.mutableSpan, mutating: &self)
    }
  }
}
