import Hashing
import Parallel
import System
import Testing

/// Three ranks of a host, rank 0 first, and a forger who knows all but the key, unless told otherwise.
private struct Job {
  let key = MessageKey.random()
  let sockets: [UDPSocket]
  let forger: UDPSocket
  var channels: [HeartbeatChannel] = []

  init() throws {
    sockets = try (0..<3).map { _ in try #require(UDPSocket()) }
    forger = try #require(UDPSocket())
    let endpoints = sockets.map { Endpoint($0, host: "here") }
    for (rank, socket) in sockets.enumerated() {
      channels.append(HeartbeatChannel(socket, key, rank: rank, endpoints))
    }
  }

  func address(of rank: Int) -> UDPSocket.Address {
    UDPSocket.Address(host: 0x0100_007F, port: sockets[rank].port)
  }

  /// What a rank takes of all that has come so far, at most `count` datagrams.
  mutating func taken(by rank: Int, atMost count: Int = 10) -> [Heartbeat] {
    (0..<count).compactMap { _ in channels[rank].receive(within: 0.01) }
  }

  /// Sends bytes and expects that they change nothing.
  mutating func expectNoEffect(
    _ bytes: [UInt8], from socket: UDPSocket, to rank: Int, _ what: String,
    sourceLocation: SourceLocation = #_sourceLocation
  ) {
    socket.send(bytes, to: address(of: rank))
    #expect(taken(by: rank, atMost: 3).isEmpty, "\(what)", sourceLocation: sourceLocation)
  }
}

@Suite struct HeartbeatChannelTests {
  private static let state = Pulse.State(beats: 3, phase: .computing, step: 12)

  @Test func beatsAreAnswered() throws {
    var job = try Job()
    job.channels[1].send(.beat, to: 0, Self.state)
    let beats = job.taken(by: 0)
    #expect(beats.count == UDPSocket.ownHosts().count, "a beat by each address")
    #expect(beats.allSatisfy { $0.kind == .beat && $0.rank == 1 && $0.state == Self.state })
    job.channels[0].send(.answer, to: 1)
    #expect(job.taken(by: 1).map(\.kind) == [.answer])
    #expect(job.taken(by: 2).isEmpty)
    // From now on by the way that is known, until it is lost.
    job.channels[1].send(.beat, to: 0, Self.state)
    #expect(job.taken(by: 0).count == 1)
    job.channels[1].lose(0)
    job.channels[1].send(.beat, to: 0, Self.state)
    #expect(job.taken(by: 0).count == beats.count)
    job.channels[0].send(.end, to: 1)
    #expect(job.taken(by: 1).map(\.kind) == [.end])
  }

  /// Each of these differs from a good one in one respect.
  @Test func forgedBeatsHaveNoEffect() throws {
    var job = try Job()
    let (own, forger) = (job.sockets[1], job.forger)
    func bytes(_ kind: Heartbeat.Kind, rank: Int, sequence: UInt64, _ key: MessageKey) -> [UInt8] {
      Heartbeat(kind, rank: rank, sequence: sequence, state: Self.state).bytes(key)
    }
    let good = bytes(.beat, rank: 1, sequence: 5, job.key)
    job.expectNoEffect(bytes(.beat, rank: 1, sequence: 5, .random()), from: own, to: 0, "of another key")
    job.expectNoEffect(good, from: forger, to: 0, "from an address of no rank")
    job.expectNoEffect(good, from: job.sockets[2], to: 0, "from another rank's address")
    job.expectNoEffect(Array(good.dropLast()), from: own, to: 0, "a byte short")
    job.expectNoEffect(good + [0], from: own, to: 0, "a byte long")
    job.expectNoEffect(good + good, from: own, to: 0, "twice as long")
    job.expectNoEffect([], from: own, to: 0, "empty")
    for rank in [0, 2, 3, Int(UInt32.max)] {
      job.expectNoEffect(bytes(.beat, rank: rank, sequence: 6, job.key), from: own, to: 0, "of rank \(rank)")
    }
    for kind in [Heartbeat.Kind.answer, .end] {
      job.expectNoEffect(bytes(kind, rank: 1, sequence: 6, job.key), from: own, to: 0, "\(kind) to rank 0")
    }
    own.send(good, to: job.address(of: 0))
    #expect(job.taken(by: 0).map(\.sequence) == [5], "nothing before has spoilt the good one")
    job.expectNoEffect(good, from: own, to: 0, "replayed")
    job.expectNoEffect(good, from: forger, to: 0, "replayed from another socket")
    job.expectNoEffect(bytes(.beat, rank: 1, sequence: 4, job.key), from: own, to: 0, "older")
    own.send(bytes(.beat, rank: 1, sequence: 6, job.key), to: job.address(of: 0))
    #expect(job.taken(by: 0).map(\.sequence) == [6])
  }

  @Test func forgedEndsHaveNoEffect() throws {
    var job = try Job()
    let (root, forger) = (job.sockets[0], job.forger)
    func end(rank: Int, sequence: UInt64 = 7, _ key: MessageKey) -> [UInt8] {
      Heartbeat(.end, rank: rank, sequence: sequence).bytes(key)
    }
    job.expectNoEffect(end(rank: 1, .random()), from: forger, to: 1, "a forger's")
    job.expectNoEffect(end(rank: 1, .random()), from: root, to: 1, "of another key")
    job.expectNoEffect(end(rank: 1, job.key), from: forger, to: 1, "from an address of no rank")
    job.expectNoEffect(end(rank: 1, job.key), from: job.sockets[2], to: 1, "from another rank's address")
    job.expectNoEffect(end(rank: 2, job.key), from: root, to: 1, "meant for rank 2")
    job.expectNoEffect(end(rank: 0, job.key), from: root, to: 1, "meant for rank 0")
    let answer = Heartbeat(.answer, rank: 1, sequence: 6).bytes(job.key)
    root.send(answer, to: job.address(of: 1))
    #expect(job.taken(by: 1).map(\.kind) == [.answer])
    job.expectNoEffect(answer, from: root, to: 1, "replayed answer")
    job.expectNoEffect(end(rank: 1, sequence: 6, job.key), from: root, to: 1, "no newer than the answer")
    let beat = Heartbeat(.beat, rank: 1, sequence: 9).bytes(job.key)
    job.expectNoEffect(beat, from: root, to: 1, "a beat to a rank that is not 0")
    root.send(end(rank: 1, job.key), to: job.address(of: 1))
    #expect(job.taken(by: 1).map(\.kind) == [.end])
  }

  /// Good datagrams come through a flood of bad ones, and are answered to where they came from.
  @Test func floodHasNoEffect() throws {
    var job = try Job()
    var random = SystemRandomNumberGenerator()
    var sequence: UInt64 = 0
    for round in 0..<20 {
      for _ in 0..<100 {
        let size = Int.random(in: 0...2 * Heartbeat.size, using: &random)
        job.forger.send(
          (0..<size).map { _ in .random(in: 0 ... .max, using: &random) }, to: job.address(of: 0))
      }
      sequence += 1
      let beat = Heartbeat(.beat, rank: 2, sequence: sequence, state: Self.state)
      job.sockets[2].send(beat.bytes(job.key), to: job.address(of: 0))
      #expect(job.taken(by: 0, atMost: 101) == [beat], "round \(round)")
    }
    job.channels[0].send(.answer, to: 2)
    #expect(job.taken(by: 2).map(\.kind) == [.answer])
    #expect(job.forger.receive(within: 0, atMost: 1) == nil, "the forger is answered")
  }

  /// On another host, one's own loopback would lead to whatever has that port here.
  @Test func nothingGoesToTheLoopbackForAnotherHost() throws {
    let (socket, listener) = (try #require(UDPSocket()), try #require(UDPSocket()))
    let there = Endpoint(stack: "there", addresses: Endpoint(listener, host: "there").addresses)
    let here = Endpoint(socket, host: "here")
    var channel = HeartbeatChannel(socket, .random(), rank: 1, [there, here])
    channel.send(.beat, to: 0, Self.state)
    #expect(listener.receive(within: 0.05, atMost: 100) == nil)
  }
}
