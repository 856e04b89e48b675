/// Owned memory for `count` elements, aligned to a cache line (64 bytes, also the width of an AVX-512
/// register).
///
/// Made at set-up and used through spans; freed with the value that holds it.
package struct AlignedBuffer<Element: BitwiseCopyable>: ~Copyable {
  package static var alignment: Int { 64 }

  private let storage: UnsafeMutableBufferPointer<Element>

  /// - Precondition: `count >= 0`.
  package init(repeating value: Element, count: Int) {
    precondition(count >= 0, "AlignedBuffer of \(count) elements")
    let bytes = UnsafeMutableRawPointer.allocate(
      byteCount: max(count * MemoryLayout<Element>.stride, 1), alignment: Self.alignment)
    let start = bytes.bindMemory(to: Element.self, capacity: count)
    storage = UnsafeMutableBufferPointer(start: start, count: count)
    storage.initialize(repeating: value)
  }

  deinit { storage.deallocate() }

  package var count: Int { storage.count }

  package var span: Span<Element> {
    @_lifetime(borrow self)
    get { _overrideLifetime(storage.span, borrowing: self) }
  }

  package var mutableSpan: MutableSpan<Element> {
    @_lifetime(&self)
    mutating get { _overrideLifetime(storage.mutableSpan, mutating: &self) }
  }

  /// The memory itself, for what outlives a call: an MPI request in flight. Valid as long as the buffer.
  package var unsafeMemory: UnsafeMutableBufferPointer<Element> { storage }
}

extension AlignedBuffer where Element == Float {
  package init(count: Int) { self.init(repeating: 0, count: count) }
}
