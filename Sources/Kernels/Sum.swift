/// y = a + b, element by element.
package func sum(_ a: Span<Float>, _ b: Span<Float>, into y: inout MutableSpan<Float>) {
  precondition(a.count == b.count && a.count == y.count, "\(a.count) + \(b.count) = \(y.count) elements")
  let (a, b, y, count) = (a.address, b.address, y.address, a.count)
  forEachBlock(of: count) { place, lanes in
    y.store(a.vector(at: place, lanes: lanes) + b.vector(at: place, lanes: lanes), at: place, lanes: lanes)
  }
}
