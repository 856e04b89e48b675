/// The part of 0..<count that worker `index` of `workers` takes: contiguous, as even as can be. Where there is
/// less work than workers some parts are empty, spread among the others: 2 over 4 workers are 1, 0, 1 and 0.
package func shard(of count: Int, _ index: Int, of workers: Int) -> Range<Int> {
  func start(_ index: Int) -> Int { (count * index + workers - 1) / workers }
  return start(index)..<start(index + 1)
}

/// The part of `range` that worker `index` of `workers` takes.
package func shard(of range: Range<Int>, _ index: Int, of workers: Int) -> Range<Int> {
  let part = shard(of: range.count, index, of: workers)
  return range.lowerBound + part.lowerBound..<range.lowerBound + part.upperBound
}
