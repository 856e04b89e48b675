import Hashing

/// What rank 0 and another rank tell each other beside MPI, in a datagram.
///
/// As bytes, numbers little-endian: version (1), kind (1), rank (4), sequence (8), beats (8), step (8), phase
/// (1), and the first 16 bytes of the HMAC-SHA256 of these.
package struct Heartbeat: Equatable {
  package enum Kind: UInt8 {
    /// A rank says to rank 0 that it is alive, and what it does.
    case beat
    /// Rank 0 answers.
    case answer
    /// Rank 0 ends the job.
    case end
  }

  package var kind: Kind
  /// The rank that is not rank 0: it sends a beat, and an answer or an end is meant for it alone.
  package var rank: Int
  /// A number that rises with every datagram of a sender, so that none is taken twice.
  package var sequence: UInt64
  package var state: Pulse.State

  private static let version: UInt8 = 1
  private static let codeSize = 16
  /// The number of bytes of a datagram.
  package static let size = 1 + 1 + 4 + 8 + 8 + 8 + 1 + codeSize

  package init(_ kind: Kind, rank: Int, sequence: UInt64, state: Pulse.State = Pulse.State()) {
    self.kind = kind
    self.rank = rank
    self.sequence = sequence
    self.state = state
  }

  /// - Parameter key: the job's secret.
  package func bytes(_ key: MessageKey) -> [UInt8] {
    let message =
      [Self.version, kind.rawValue] + littleEndian(UInt64(rank), 4) + littleEndian(sequence, 8)
      + littleEndian(state.beats, 8) + littleEndian(UInt64(bitPattern: Int64(state.step)), 8)
      + [state.phase.rawValue]
    return message + key.code(of: message, count: Self.codeSize)
  }

  /// Nil for bytes that nobody wrote who has the key, or that another version wrote.
  package init?(_ bytes: [UInt8], _ key: MessageKey) {
    guard bytes.count == Self.size, bytes[0] == Self.version,
      key.isCode(bytes.suffix(Self.codeSize), of: bytes.dropLast(Self.codeSize)),
      let kind = Kind(rawValue: bytes[1]), let phase = Phase(rawValue: bytes[30])
    else { return nil }
    self.init(
      kind, rank: Int(number(bytes[2..<6])), sequence: number(bytes[6..<14]),
      state: Pulse.State(
        beats: number(bytes[14..<22]), phase: phase, step: Int(Int64(bitPattern: number(bytes[22..<30])))))
  }
}

private func littleEndian(_ number: UInt64, _ count: Int) -> [UInt8] {
  (0..<count).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
}

private func number(_ bytes: ArraySlice<UInt8>) -> UInt64 {
  bytes.reversed().reduce(0) { $0 << 8 | UInt64($1) }
}
