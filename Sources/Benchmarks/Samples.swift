/// Repeated measurements of the same thing.
package struct Samples {
  /// One number a repetition.
  package let values: [Double]

  /// - Precondition: there is at least one.
  package init(_ values: [Double]) {
    precondition(!values.isEmpty, "no measurements")
    self.values = values
  }

  /// The middle one in order of size, or the mean of the two in the middle.
  package var median: Double {
    let sorted = values.sorted()
    return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
  }

  package var minimum: Double { values.min()! }
  package var maximum: Double { values.max()! }

  package func map(_ transform: (Double) -> Double) -> Samples { Samples(values.map(transform)) }
}
