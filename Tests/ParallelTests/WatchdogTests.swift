import Parallel
import System
import Testing

struct WatchdogTests {
  private static func state(_ beats: UInt64, _ phase: Phase, step: Int) -> Pulse.State {
    Pulse.State(beats: beats, phase: phase, step: step)
  }

  @Test func datagramsGoByTheHostsAddresses() throws {
    let (receiver, sender) = (try #require(UDPSocket()), try #require(UDPSocket()))
    #expect(receiver.receive(within: 0, atMost: 64) == nil)
    for host in UDPSocket.ownHosts() {
      let address = UDPSocket.Address(host: host, port: receiver.port)
      #expect(UDPSocket.Address(address.text[...]) == address)
      sender.send([1, 2, 3], to: address)
      let found = try #require(receiver.receive(within: 2, atMost: 64), "at \(address.text)")
      #expect(found.bytes == [1, 2, 3])
      #expect(found.from.port == sender.port)
    }
    #expect(UDPSocket.Address(host: 0x0100_007F, port: 80).text == "127.0.0.1:80")
    for text in ["", "1.2.3:80", "1.2.3.4", "1.2.3.400:80", "1.2.3.4:70000"] {
      #expect(UDPSocket.Address(text[...]) == nil, "\(text)")
    }
  }

  @Test func pulseTellsWhatGoesOn() {
    let pulse = Pulse()
    #expect(pulse.state == Self.state(0, .starting, step: 0))
    pulse.enter(.computing, step: 3)
    pulse.beat()
    pulse.enter(.waiting)
    #expect(pulse.state == Self.state(3, .waiting, step: 3))
  }

  /// A job stalls when no rank gets further, whatever the ranks say.
  @Test func stallEndsWithAnyRanksProgress() {
    var judge = StallJudge(hosts: ["a", "a", "b"])
    for rank in 0..<3 { judge.take(Self.state(1, .computing, step: 1), of: rank, at: 10) }
    for rank in 0..<2 { judge.take(Self.state(1, .waiting, step: 1), of: rank, at: 50) }
    #expect(judge.stall(at: 50) == 40)
    judge.take(Self.state(2, .saving, step: 1), of: 2, at: 60)
    #expect(judge.stall(at: 61) == 1)
  }

  @Test func reportNamesTheMissingAndTheBusy() {
    var judge = StallJudge(hosts: ["a", "a", "b", "c", "d"])
    for rank in 0..<3 { judge.take(Self.state(1, .waiting, step: 12), of: rank, at: 100) }
    judge.take(Self.state(1, .computing, step: 11), of: 3, at: 90)
    #expect(
      judge.report(at: 101)
        == "step 12: no word from rank 3 on c, last computing in step 11; no word from rank 4 on d; "
        + "ranks 0-2 are waiting for the other ranks")
    judge.take(Self.state(1, .saving, step: 12), of: 0, at: 102)
    for rank in 1..<5 { judge.take(Self.state(1, .waiting, step: 12), of: rank, at: 102) }
    #expect(
      judge.report(at: 103)
        == "step 12: rank 0 on a is writing a checkpoint; ranks 1-4 are waiting for the other ranks")
  }
}
