/// sum += addend, element by element.
package func add(_ addend: Span<Float>, to sum: inout MutableSpan<Float>) {
  precondition(addend.count == sum.count, "add \(addend.count) elements to \(sum.count)")
  for index in addend.indices {
    sum[unchecked: index] += addend[unchecked: index]
  }
}
