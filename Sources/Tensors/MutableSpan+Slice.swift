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

extension MutableSpan where Element: BitwiseCopyable {
  /// Calls `body` with two parts of the span at once.
  /// - Precondition: the ranges do not overlap.
  package mutating func withSlices(
    _ first: Range<Int>, _ second: Range<Int>,
    _ body: (inout MutableSpan<Element>, inout MutableSpan<Element>) -> Void
  ) {
    precondition(!first.overlaps(second), "slices \(first) and \(second) overlap")
    precondition(
      first.lowerBound >= 0 && first.upperBound <= count && second.lowerBound >= 0
        && second.upperBound <= count,
      "slices \(first) and \(second) of a span of \(count) elements")
    unsafe withUnsafeMutableBufferPointer { buffer in
      let one = unsafe UnsafeMutableBufferPointer(rebasing: buffer[first])
      let two = unsafe UnsafeMutableBufferPointer(rebasing: buffer[second])
      var oneSpan = one.mutableSpan
      var twoSpan = two.mutableSpan
      body(&oneSpan, &twoSpan)
    }
  }
}

extension MutableSpan where Element: BitwiseCopyable {
  /// Overwrites all elements with those of `source`, which are as many.
  package mutating func copy(from source: Span<Element>) {
    precondition(source.count == count, "copy of \(source.count) elements to \(count)")
    unsafe withUnsafeMutableBufferPointer { target in
      unsafe source.withUnsafeBufferPointer { _ = unsafe target.update(fromContentsOf: $0) }
    }
  }
}
