import Data
import Files
import Testing

@Suite struct NaturalOrderTests {
  @Test func numbersAreOrderedByTheirValues() {
    let names = [
      "a", "chunk-2.npz", "chunk-02.npz", "chunk-10.npz", "chunk-9.npz", "chunk-010a", "chunk", "chunkA", "B",
      "b1c2",
      "b1c10", "99999999999999999999999", "100000000000000000000000", "", "0", "00",
    ]
    let expected = [
      "", "0", "00", "99999999999999999999999", "100000000000000000000000", "B", "a", "b1c2", "b1c10",
      "chunk",
      "chunk-02.npz", "chunk-2.npz", "chunk-9.npz", "chunk-10.npz", "chunk-010a", "chunkA",
    ]
    for _ in 0..<3 {
      #expect(names.shuffled().map(Path.init(_:)).naturallySorted().map(\.text) == expected)
    }
  }
}
