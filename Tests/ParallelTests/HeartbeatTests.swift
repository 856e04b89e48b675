import Hashing
import Parallel
import System
import Testing

@Suite struct HeartbeatTests {
  private let key = MessageKey.random()

  private static let beat = Heartbeat(
    .beat, rank: 70_000, sequence: 1 << 40,
    state: Pulse.State(beats: .max - 1, phase: .saving, step: 1 << 41))

  @Test func arrivesAsItWasSent() {
    for kind in [Heartbeat.Kind.beat, .answer, .end] {
      var heartbeat = Self.beat
      heartbeat.kind = kind
      let bytes = heartbeat.bytes(key)
      #expect(bytes.count == Heartbeat.size)
      #expect(Heartbeat(bytes, key) == heartbeat)
    }
  }

  @Test func nothingInItCanBeChanged() {
    let bytes = Self.beat.bytes(key)
    #expect(Heartbeat(bytes, MessageKey.random()) == nil, "of another job")
    for place in bytes.indices {
      for bit in 0..<8 {
        var odd = bytes
        odd[place] ^= 1 << bit
        #expect(Heartbeat(odd, key) == nil, "bit \(bit) of byte \(place)")
      }
    }
    #expect(Heartbeat([], key) == nil)
    #expect(Heartbeat(Array(bytes.dropLast()), key) == nil, "cut")
    #expect(Heartbeat(bytes + [0], key) == nil, "longer")
  }

  /// What somebody with the key may send whose program is another version.
  @Test(arguments: [(0, "version"), (1, "kind"), (30, "phase")])
  func unknownIsRefused(place: Int, what: String) {
    var message = Array(Self.beat.bytes(key).dropLast(16))
    #expect(Heartbeat(message + key.code(of: message, count: 16), key) == Self.beat)
    message[place] = 200
    #expect(Heartbeat(message + key.code(of: message, count: 16), key) == nil, "of no known \(what)")
  }
}

@Suite struct EndpointTests {
  private func endpoint(_ stack: String, _ addresses: String...) -> Endpoint {
    Endpoint(stack: stack, addresses: addresses.compactMap { UDPSocket.Address($0[...]) })
  }

  @Test func textsReadBack() throws {
    for one in [
      endpoint("a/1/2", "10.0.0.7:41234", "127.0.0.1:41234"), endpoint("a"), endpoint("", "10.0.0.7:1"),
      Endpoint(try #require(UDPSocket()), host: "here"), Endpoint(nil, host: "here"),
    ] { #expect(Endpoint(one.text) == one, "\(one.text)") }
  }

  /// The loopback of one host, and the bridge that both have, lead to oneself on another.
  @Test func loopbackIsForOneHost() {
    let a = endpoint("a/1/net:[1]", "10.0.0.1:5", "172.17.0.1:5", "127.0.0.1:5", "127.0.1.1:5")
    let b = endpoint("b/2/net:[1]", "10.0.0.2:6", "172.17.0.1:6", "127.0.0.1:6")
    #expect(a.addresses(from: b) == endpoint("", "10.0.0.1:5").addresses)
    #expect(b.addresses(from: a) == endpoint("", "10.0.0.2:6").addresses)
    let neighbour = endpoint("a/1/net:[1]", "10.0.0.1:7", "172.17.0.1:7", "127.0.0.1:7", "127.0.1.1:7")
    #expect(a.addresses(from: neighbour) == a.addresses)
    // Where the sender has no loopback of its own, either.
    #expect(a.addresses(from: endpoint("c/3/net:[1]", "10.0.0.3:5")).map(\.isLoopback) == [false, false])
  }

  @Test func ownStackHasHostBootAndNamespace() throws {
    let parts = Endpoint(nil, host: "here").stack.split(separator: "/")
    #expect(parts.count == 3 && parts[0] == "here" && parts[2].hasPrefix("net:["), "\(parts)")
    #expect(parts[1] == KernelFiles().text("/proc/sys/kernel/random/boot_id") ?? "")
    let socket = try #require(UDPSocket())
    #expect(Endpoint(socket, host: "here").addresses.map(\.host) == UDPSocket.ownHosts())
    #expect(Endpoint(socket, host: "here").addresses.allSatisfy { $0.port == socket.port })
  }
}
