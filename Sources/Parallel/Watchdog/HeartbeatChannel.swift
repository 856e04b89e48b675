import Hashing
import System

/// The datagrams between rank 0 and each other rank, of which only those of the job are taken.
///
/// Anybody can send to a port. A datagram counts where it is authentic (see `MessageKey`), comes from an
/// address of the rank that it says it is from, is meant for this rank, and is newer than the last one that
/// counted. All others have no effect, nor are they answered.
package struct HeartbeatChannel {
  private let socket: UDPSocket
  private let key: MessageKey
  private let rank: Int
  /// The ranks that this one talks with.
  private var partners: [Int: Partner] = [:]
  /// The sequence number of the last datagram that was sent.
  private var sequence: UInt64 = 0

  private struct Partner {
    let addresses: [UDPSocket.Address]
    /// Where the last datagram that counted came from; nil where there is none, or that way leads nowhere any
    /// more.
    var heardFrom: UDPSocket.Address?
    /// The sequence number of that datagram.
    var lastSequence: UInt64 = 0
  }

  /// - Parameters:
  ///   - rank: this rank, whose endpoint is that of `socket`.
  ///   - endpoints: by rank.
  package init(_ socket: UDPSocket, _ key: MessageKey, rank: Int, _ endpoints: [Endpoint]) {
    self.socket = socket
    self.key = key
    self.rank = rank
    for partner in rank == 0 ? 1..<endpoints.count : 0..<1 {
      partners[partner] = Partner(addresses: endpoints[partner].addresses(from: endpoints[rank]))
    }
  }

  /// Sends to where the partner was heard from, or to all its addresses.
  package mutating func send(_ kind: Heartbeat.Kind, to partner: Int, _ state: Pulse.State = Pulse.State()) {
    guard let found = partners[partner] else { preconditionFailure("rank \(rank) sends to rank \(partner)") }
    for address in found.heardFrom.map({ [$0] }) ?? found.addresses {
      sequence += 1
      let heartbeat = Heartbeat(kind, rank: max(rank, partner), sequence: sequence, state: state)
      socket.send(heartbeat.bytes(key), to: address)
    }
  }

  /// Waits for a datagram; nil where none comes within `seconds`, or one that does not count.
  package mutating func receive(within seconds: Double) -> Heartbeat? {
    // A byte more than there should be shows what is too long.
    guard let (bytes, source) = socket.receive(within: seconds, atMost: Heartbeat.size + 1),
      let heartbeat = Heartbeat(bytes, key), let sender = sender(of: heartbeat),
      var partner = partners[sender], partner.addresses.contains(source),
      heartbeat.sequence > partner.lastSequence
    else { return nil }
    partner.heardFrom = source
    partner.lastSequence = heartbeat.sequence
    partners[sender] = partner
    return heartbeat
  }

  /// From now on datagrams go to all addresses of the partner again.
  package mutating func lose(_ partner: Int) { partners[partner]?.heardFrom = nil }

  /// Nil where it is not meant for this rank.
  private func sender(of heartbeat: Heartbeat) -> Int? {
    switch heartbeat.kind {
    case .beat: rank == 0 ? heartbeat.rank : nil
    case .answer, .end: rank > 0 && heartbeat.rank == rank ? 0 : nil
    }
  }
}
