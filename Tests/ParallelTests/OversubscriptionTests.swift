import Parallel
import Testing

@Suite struct OversubscriptionTests {
  @Test(arguments: [
    (["a", "a"], [[0], [1]], 1, false),
    (["a", "a"], [[0, 1], [0, 1]], 1, false),
    (["a", "a"], [[0, 1], [0, 1]], 2, true),
    (["a", "a", "a"], [[0, 1], [0, 1], [0, 1]], 1, true),
    // Two ranks on one core, though the host has enough.
    (["a", "a", "a"], [[0], [0], [1, 2]], 1, true),
    (["a", "b", "a"], [[0, 1], [0, 1], [0, 1]], 1, false),
    (["a", "b", "b", "b"], [[0, 1], [0, 1], [0, 1], [0, 1]], 1, true),
    (["a", "a"], [[0, 1], [2, 3]], 2, false),
  ])
  func aCoreWithMoreThreadsThanOne(_ hosts: [String], _ cores: [[Int]], _ threads: Int, _ expected: Bool) {
    let placement = Placement(hosts: hosts, cores: cores.map { Set($0) })
    #expect(placement.isOversubscribed(threads: threads) == expected)
  }

  @Test func theCrowdIsNamed() throws {
    let placement = Placement(hosts: ["a", "b", "b", "b"], cores: [[0], [3], [3], [1, 2]])
    #expect(placement.crowd(on: "a", threads: 1) == nil)
    let two = try #require(placement.crowd(on: "b", threads: 1))
    #expect(two.ranks == [1, 2] && two.cores == [3])
    let all = try #require(placement.crowd(on: "b", threads: 2))
    #expect(all.ranks == [1, 2, 3] && all.cores == [1, 2, 3], "all of the host come first")
  }
}
