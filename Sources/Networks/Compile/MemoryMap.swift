/// Places in one arena for values that are not all alive at once.
package struct MemoryMap {
  /// The place of each value.
  package let places: [Range<Int>]
  /// Elements of the arena.
  package let count: Int

  /// Places values from the largest to the smallest, each at the lowest offset where nothing lies that is alive
  /// with it (greedy by size: Pisarchyk and Lee 2020, "Efficient Memory Management for Deep Neural Net
  /// Inference").
  ///
  /// Offsets are multiples of 16 elements (64 bytes).
  package init(of values: [LivingValue]) {
    var places = [Range<Int>](repeating: 0..<0, count: values.count)
    let first = values.map(\.moments.lowerBound).min() ?? 0
    let last = values.map(\.moments.upperBound).max() ?? 0
    // The values that were placed, at each moment of their lives.
    var placed = [[Int]](repeating: [], count: last - first + 1)
    var seenBy = [Int](repeating: -1, count: values.count)
    var end = 0
    let order = values.indices.sorted { (values[$1].count, $0) < (values[$0].count, $1) }
    for value in order where values[value].count > 0 {
      var neighbours: [Range<Int>] = []
      for moment in values[value].moments {
        for other in placed[moment - first] where seenBy[other] != value {
          seenBy[other] = value
          neighbours.append(places[other])
        }
        placed[moment - first].append(value)
      }
      neighbours.sort { $0.lowerBound < $1.lowerBound }
      places[value] = Self.lowestGap(of: values[value].count, between: neighbours)
      end = max(end, places[value].upperBound)
    }
    self.places = places
    count = Self.aligned(end)
  }

  /// - Parameter taken: by their lower bounds; they may overlap.
  private static func lowestGap(of count: Int, between taken: [Range<Int>]) -> Range<Int> {
    var start = 0
    for range in taken {
      if start + count <= range.lowerBound { break }
      start = max(start, aligned(range.upperBound))
    }
    return start..<start + count
  }

  private static func aligned(_ count: Int) -> Int { (count + 15) / 16 * 16 }
}
