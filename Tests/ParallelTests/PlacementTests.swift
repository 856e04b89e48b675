import Parallel
import System
import Testing

@Suite struct PlacementTests {
  @Test func summaryNamesRanksAndCores() {
    let placement = Placement(
      hosts: ["a", "a", "a", "b"], cores: [[0, 1, 2, 3], [0, 1, 2, 3], [8, 10], [5]])
    #expect(placement.summary == "a: ranks 0-1 on cores 0-3, rank 2 on cores 8,10; b: rank 3 on core 5")
  }

  @Test func manyHostsAreCutShort() {
    let placement = Placement(hosts: (0..<20).map { "n\($0)" }, cores: .init(repeating: [0], count: 20))
    #expect(placement.summary.hasPrefix("n0: rank 0 on core 0; n1"))
    #expect(placement.summary.hasSuffix("n7: rank 7 on core 0; ... (20 hosts)"))
  }

  @Test func sharingCountsOverlappingRanksOfTheSameHost() {
    let placement = Placement(hosts: ["a", "a", "b", "a"], cores: [[0, 1], [1, 2], [0, 1], [4]])
    #expect((0..<4).map(placement.sharing) == [2, 2, 1, 1])
  }

  @Test func overlapIsWarnedAbout() {
    let apart = Placement(hosts: ["a", "a", "b"], cores: [[0, 1], [2, 3], [0, 1]])
    #expect(apart.overlapWarning == nil)
    let overlapping = Placement(hosts: ["a", "b", "a"], cores: [[0, 1, 2], [0, 1, 2], [1, 2, 3]])
    #expect(overlapping.overlapWarning?.hasPrefix("ranks 0 and 2 share cores 1-2 of a") == true)
  }

  @Test(arguments: ["", "0", "0-3", "0-3,8", "1,3,5-6"])
  func coreListsAreReadAndWritten(_ text: String) {
    #expect(shortList(parseCoreList(text[...])) == text)
  }
}
