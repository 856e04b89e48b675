/// What ranks tell each other beside MPI, in a datagram.
package struct Heartbeat: Equatable {
  package enum Kind: UInt8 {
    /// A rank to rank 0: alive, and this is what it does.
    case beat
    /// Rank 0's answer.
    case answer
    /// Rank 0 ends the job.
    case end
  }

  package var kind: Kind
  /// The sender's.
  package var rank: Int
  package var state = Pulse.State()

  /// Bytes of a datagram: token, beats, step, rank, kind and phase, little-endian.
  package static let size = 8 + 8 + 8 + 4 + 1 + 1

  /// - Parameter token: a number of the job, so that it takes no notice of others' datagrams.
  package func bytes(token: UInt64) -> [UInt8] {
    littleEndian(token, 8) + littleEndian(state.beats, 8)
      + littleEndian(UInt64(bitPattern: Int64(state.step)), 8)
      + littleEndian(UInt64(rank), 4) + [kind.rawValue, state.phase.rawValue]
  }

  /// Nil for what is none of this job's.
  package init?(_ bytes: [UInt8], token: UInt64) {
    guard bytes.count == Self.size, number(bytes[0..<8]) == token, let kind = Kind(rawValue: bytes[28]),
      let phase = Phase(rawValue: bytes[29])
    else { return nil }
    self.kind = kind
    rank = Int(number(bytes[24..<28]))
    state = Pulse.State(
      beats: number(bytes[8..<16]), phase: phase, step: Int(Int64(bitPattern: number(bytes[16..<24]))))
  }

  package init(_ kind: Kind, rank: Int, state: Pulse.State = Pulse.State()) {
    self.kind = kind
    self.rank = rank
    self.state = state
  }
}

private func littleEndian(_ number: UInt64, _ count: Int) -> [UInt8] {
  (0..<count).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
}

private func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
  bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
}
