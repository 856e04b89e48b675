/// How the values of a tensor are spread: counts in buckets of equal width from the smallest value to the
/// largest. Values that are not finite are left out.
package struct Histogram: Equatable {
  /// TensorBoard shows as many.
  package static let buckets = 30

  package private(set) var minimum = Double.infinity
  package private(set) var maximum = -Double.infinity
  package private(set) var count = 0
  package private(set) var sum = 0.0
  package private(set) var sumOfSquares = 0.0
  /// The right edge of each bucket, and how many values are in it.
  package private(set) var limits: [Double] = []
  package private(set) var counts: [Double] = []

  package init(_ values: Span<Float>) {
    for index in values.indices where values[unchecked: index].isFinite {
      let value = Double(values[unchecked: index])
      minimum = min(minimum, value)
      maximum = max(maximum, value)
      count += 1
      sum += value
      sumOfSquares += value * value
    }
    guard count > 0 else {
      (minimum, maximum) = (0, 0)
      return
    }
    let width = (maximum - minimum) / Double(Self.buckets)
    guard width > 0 else {
      (limits, counts) = ([maximum], [Double(count)])
      return
    }
    limits = (1..<Self.buckets).map { minimum + width * Double($0) } + [maximum]
    counts = [Double](repeating: 0, count: Self.buckets)
    for index in values.indices where values[unchecked: index].isFinite {
      let place = Int((Double(values[unchecked: index]) - minimum) / width)
      counts[min(place, Self.buckets - 1)] += 1
    }
  }
}
