import System
import Testing

@Suite struct PhysicalCoresTests {
  @Test func threadsOfACoreAreOne() {
    // Two cores of two threads each, numbered as by Linux on most machines and on some.
    let apart = [0: "0,2\n", 1: "1,3\n", 2: "0,2\n", 3: "1,3\n"]
    let beside = [0: "0-1\n", 1: "0-1\n", 2: "2-3\n", 3: "2-3\n"]
    #expect(physicalCores(of: [0, 1, 2, 3]) { apart[$0] } == [0, 1])
    #expect(physicalCores(of: [2, 3]) { apart[$0] } == [0, 1])
    #expect(physicalCores(of: [0, 2]) { apart[$0] } == [0])
    #expect(physicalCores(of: [0, 1, 2, 3]) { beside[$0] } == [0, 2])
    #expect(physicalCores(of: [3, 5]) { _ in nil } == [3, 5])
  }

  @Test func thisProcessHasCores() {
    #expect(!availableCores().isEmpty)
  }
}
