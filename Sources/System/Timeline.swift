import Tensors

/// What one thread did when: spans of time, in memory made at set-up. Once that is full nothing more is kept.
package final class Timeline: @unchecked Sendable {
  /// A span of time, in nanoseconds since the origin.
  package struct Span: BitwiseCopyable, Equatable {
    /// What was done, and which of several such things.
    package let label: Int32
    package let number: Int32
    package let start: Int64
    package let end: Int64
  }

  private let origin: ContinuousClock.Instant
  private let memory: SharedBuffer<Span>
  private var count = 0
  /// Spans came for which there was no room.
  package private(set) var isCut = false

  package init(origin: ContinuousClock.Instant, capacity: Int) {
    self.origin = origin
    memory = SharedBuffer(
      repeating: Span(label: 0, number: 0, start: 0, end: 0), count: capacity)
  }

  package func add(
    _ label: Int, number: Int = 0, from start: ContinuousClock.Instant, to end: ContinuousClock.Instant
  ) {
    guard count < memory.unsafeMemory.count else {
      isCut = true
      return
    }
    memory.unsafeMemory[count] = Span(
      label: Int32(label), number: Int32(truncatingIfNeeded: number), start: nanoseconds(start),
      end: nanoseconds(end))
    count += 1
  }

  package var spans: Slice<UnsafeMutableBufferPointer<Span>> { memory.unsafeMemory.prefix(count) }

  private func nanoseconds(_ instant: ContinuousClock.Instant) -> Int64 {
    let (seconds, attoseconds) = (instant - origin).components
    return seconds * 1_000_000_000 + attoseconds / 1_000_000_000
  }
}
