import Tensors
import Testing

@Suite struct BufferTests {
  @Test(arguments: [0, 1, 15, 1000])
  func isAlignedAndFilled(count: Int) {
    let buffer = AlignedBuffer<Float>(repeating: 3, count: count)
    #expect(buffer.count == count && buffer.span.count == count)
    #expect(UInt(bitPattern: buffer.unsafeMemory.baseAddress) % 64 == 0)
    #expect(buffer.unsafeMemory.allSatisfy { $0 == 3 })
  }

  @Test func slicesWriteThrough() {
    var buffer = AlignedBuffer<Float>(count: 10)
    var span = buffer.mutableSpan
    var part = span[slice: 2..<5]
    part.update(repeating: 7)
    span.withSlices(0..<2, 8..<10) { first, second in
      first[1] = 1
      second.copy(from: [8, 9].span)
    }
    #expect(Array(buffer.unsafeMemory) == [0, 1, 7, 7, 7, 0, 0, 0, 8, 9])
  }

  @Test func sharedBufferCountsInUnits() {
    let buffer = SharedBuffer<Int32>(repeating: 1, count: 4, unit: 3)
    #expect(buffer.span.count == 12 && buffer.span(first: 2).count == 6)
    var part = buffer.mutableSpan(first: 1)
    part.update(repeating: 5)
    #expect(Array(buffer.unsafeMemory) == [5, 5, 5] + [Int32](repeating: 1, count: 9))
  }

  @Test func sumIsElementwise() {
    var sum: [Float] = [1, 2, 3]
    var span = sum.mutableSpan
    add([10, 20, 30].span, to: &span)
    #expect(sum == [11, 22, 33])
  }
}

@Suite struct ParameterLayoutTests {
  static let layout = ParameterLayout(
    ([
      ("a.weight", [3, 5], .trainable), ("bn.running_mean", [4], .statistic), ("b.weight", [33], .trainable),
      ("b.bias", [1], .trainable), ("bn.running_var", [4], .statistic),
    ] as [(String, [Int], ParameterLayout.Kind)]).map { ($0, $1, $2) })

  @Test func trainableTensorsComeFirstThenStatisticsThenMetrics() {
    let layout = Self.layout
    #expect(
      layout.tensors.map(\.name) == ["a.weight", "bn.running_mean", "b.weight", "b.bias", "bn.running_var"])
    #expect(layout.tensors.map(\.range) == [0..<15, 80..<84, 16..<49, 64..<65, 96..<100])
    #expect(layout.trainable == 0..<80 && layout.statistics == 80..<112)
    #expect(layout.parameterCount == 112 && layout.metrics.lowerBound == 112)
    #expect(layout.place(of: .loss) == 112 && layout.place(of: .correct) == 113)
    #expect(layout.gradientCount == layout.metrics.upperBound)
    #expect(layout.trainableNumbers == 15 + 33 + 1)
  }

  @Test func startsAreAlignedAndRangesDisjoint() {
    let ranges = Self.layout.tensors.map(\.range)
    #expect(ranges.allSatisfy { $0.lowerBound % 16 == 0 })
    for (i, a) in ranges.enumerated() { #expect(ranges[..<i].allSatisfy { !$0.overlaps(a) }) }
  }
}
