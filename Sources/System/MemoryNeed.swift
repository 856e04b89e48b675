/// What something takes of a process's memory, in bytes.
package struct MemoryNeed: Codable, Equatable, Sendable {
  /// Bytes that are written, and so take memory.
  package var written: Double
  /// Bytes that are only reserved besides: stacks, and buffers that are never filled. They count where address
  /// space is limited.
  package var reserved: Double

  package init(written: Double = 0, reserved: Double = 0) {
    self.written = written
    self.reserved = reserved
  }

  package static func + (a: MemoryNeed, b: MemoryNeed) -> MemoryNeed {
    MemoryNeed(written: a.written + b.written, reserved: a.reserved + b.reserved)
  }
}
