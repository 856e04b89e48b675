import Foundation
import System
import Testing

@Suite struct TopologyTests {
  /// Two cores of two threads each, numbered as by Linux on some machines and on most.
  @Test func threadsOfACoreAreOne() throws {
    let beside = try Topology(synthetic: "core:2 pu:2")
    #expect(beside.cores == [[0, 1], [2, 3]] && beside.hardwareThreads == [0, 1, 2, 3])
    #expect(beside.available == [0, 1, 2, 3] && beside.availableCores == [0, 2])
    #expect(beside.physicalCores(of: [1]) == [0] && beside.physicalCores(of: [1, 3, 2]) == [0, 2])

    let apart = try Topology(synthetic: "core:2 pu:2(indexes=0,2,1,3)")
    #expect(apart.cores == [[0, 2], [1, 3]])
    #expect(apart.physicalCores(of: [2, 3]) == [0, 1] && apart.physicalCores(of: [0, 2]) == [0])
    // Threads that it does not know are cores.
    #expect(apart.physicalCores(of: [3, 7]) == [1, 7])
  }

  @Test func packagesAndNodesDoNotMatter() throws {
    let machine = try Topology(synthetic: "package:2 numa:2 l3:1 core:4 pu:1")
    #expect(machine.cores == (0..<16).map { [$0] })
  }

  @Test func threadsWithoutCoresAreCores() throws {
    #expect(try Topology(synthetic: "package:2 pu:2").cores == [[0], [1], [2], [3]])
  }

  @Test func machinesThatCannotBeAreNamed() {
    #expect(throws: SystemError.self) { try Topology(synthetic: "core:0 pu:2") }
  }

  /// As the kernel says it itself, also under `taskset` and in a cpuset.
  @Test func thisProcessHasItsCores() throws {
    let topology = try Topology()
    let status = try String(contentsOfFile: "/proc/thread-self/status", encoding: .utf8)
    let line = try #require(status.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed_list:") })
    #expect(topology.available == parseCoreList(try #require(line.split(separator: "\t").last)))
    #expect(topology.hardwareThreads.count == sysconf(Int32(_SC_NPROCESSORS_ONLN)))
    #expect(!topology.availableCores.isEmpty && topology.availableCores.count <= topology.available.count)
  }
}
