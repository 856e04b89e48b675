/// Memory that several hold a reference to: one writes it, others read it later. It is made of `count` units
/// of `unit` elements each, such as samples of an activation.
///
/// That nobody reads while another writes is up to those who share it: a plan runs its operations one after
/// the other, and threads hand their gradients over when they are done with them.
package final class SharedBuffer<Element: BitwiseCopyable>: @unchecked Sendable {
  private let memory: AlignedBuffer<Element>
  private let unit: Int

  package init(repeating value: Element, count: Int, unit: Int = 1) {
    memory = AlignedBuffer(repeating: value, count: count * unit)
    self.unit = unit
  }

  /// The elements of the first `count` units.
  @_lifetime(borrow self)
  package func span(first count: Int) -> Span<Element> {
    unsafe _overrideLifetime(memory.unsafeMemory.span.extracting(first: count * unit), borrowing: self)
  }

  /// The elements of the first `count` units, writable.
  @_lifetime(borrow self)
  package func mutableSpan(first count: Int) -> MutableSpan<Element> {
    let part = unsafe UnsafeMutableBufferPointer(rebasing: memory.unsafeMemory[0..<count * unit])
    return unsafe _overrideLifetime(part.mutableSpan, borrowing: self)
  }

  /// The elements at `range`.
  @_lifetime(borrow self)
  package func span(_ range: Range<Int>) -> Span<Element> {
    unsafe _overrideLifetime(memory.unsafeMemory.span.extracting(range), borrowing: self)
  }

  /// The elements at `range`, writable.
  @_lifetime(borrow self)
  package func mutableSpan(_ range: Range<Int>) -> MutableSpan<Element> {
    let part = unsafe UnsafeMutableBufferPointer(rebasing: memory.unsafeMemory[range])
    return unsafe _overrideLifetime(part.mutableSpan, borrowing: self)
  }

  package var span: Span<Element> {
    @_lifetime(borrow self)
    get { unsafe _overrideLifetime(memory.unsafeMemory.span, borrowing: self) }
  }

  package var mutableSpan: MutableSpan<Element> {
    @_lifetime(borrow self)
    get { unsafe _overrideLifetime(memory.unsafeMemory.mutableSpan, borrowing: self) }
  }

  /// A copy of the elements. (`Array(buffer.unsafeMemory)` would read freed memory where this is the buffer's
  /// last use.)
  package func array() -> [Element] {
    withExtendedLifetime(self) { unsafe Array(memory.unsafeMemory) }
  }

  /// The memory itself, for what outlives a call: an MPI request in flight. Valid as long as the buffer.
  package var unsafeMemory: UnsafeMutableBufferPointer<Element> { unsafe memory.unsafeMemory }
}
