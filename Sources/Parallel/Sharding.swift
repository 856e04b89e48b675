/// The part of 0..<count that worker `index` of `workers` takes: contiguous, as even as can be, and empty
/// only for the last ones where there is less work than workers.
package func shard(of count: Int, _ index: Int, of workers: Int) -> Range<Int> {
  func start(_ index: Int) -> Int { (count * index + workers - 1) / workers }
  return start(index)..<start(index + 1)
}

/// The part of `range` that worker `index` of `workers` takes.
package func shard(of range: Range<Int>, _ index: Int, of workers: Int) -> Range<Int> {
  let part = shard(of: range.count, index, of: workers)
  return range.lowerBound + part.lowerBound..<range.lowerBound + part.upperBound
}
