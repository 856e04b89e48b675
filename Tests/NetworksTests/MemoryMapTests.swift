import Networks
import Tensors
import TestSupport
import Testing

/// Places for values that share memory.
@Suite struct MemoryMapTests {
  private func conflict(_ a: LivingValue, _ b: LivingValue, _ map: MemoryMap, _ places: (Int, Int)) -> Bool {
    a.moments.overlaps(b.moments) && map.places[places.0].overlaps(map.places[places.1])
  }

  @Test func noTwoValuesThatAreAliveTogetherShareAPlace() {
    var random = RandomStream(seed: 5, purpose: .initialization, index: 0)
    for round in 0..<60 {
      let values = (0..<40).map { _ -> LivingValue in
        let start = Int(random.uniform(0, 30))
        return LivingValue(
          count: Int(random.uniform(0, 100)) * (round % 3 == 0 ? 16 : 1),
          moments: start...(start + Int(random.uniform(0, 12))))
      }
      let map = MemoryMap(of: values)
      for i in values.indices {
        #expect(map.places[i].count == values[i].count && map.places[i].lowerBound % 16 == 0)
        #expect(map.places[i].upperBound <= map.count)
        for j in 0..<i { #expect(!conflict(values[i], values[j], map, (i, j))) }
      }
      // The bound: what is alive at the fullest moment; with the gaps of alignment and some fragments.
      let fullest = (0...42).map { moment in
        values.reduce(0) { $0 + ($1.moments.contains(moment) ? ($1.count + 15) / 16 * 16 : 0) }
      }.max()!
      #expect(map.count >= values.map(\.count).max()! && Double(map.count) <= 1.25 * Double(fullest))
    }
  }

  /// Values of a chain are alive two by two: the two largest neighbours decide.
  @Test func aChainTakesItsTwoLargestNeighbours() {
    let counts = [160, 800, 640, 320, 16, 480]
    let map = MemoryMap(
      of: counts.enumerated().map { LivingValue(count: $1, moments: ($0 - 1)...$0) })
    #expect(map.count == 1440)
  }

  @Test func nothingTakesNothing() {
    #expect(MemoryMap(of: []).count == 0)
    #expect(MemoryMap(of: [LivingValue(count: 0, moments: 0...3)]).count == 0)
  }
}
