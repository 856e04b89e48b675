/// A tensor as files have it: a name, a shape, and its numbers, row-major.
package struct NamedTensor: Sendable, Equatable {
  package enum Values: Sendable, Equatable {
    case floats([Float])
    case integers([Int64])

    package var count: Int {
      switch self {
      case .floats(let numbers): numbers.count
      case .integers(let numbers): numbers.count
      }
    }
  }

  package let name: String
  /// Empty for a single number.
  package let shape: [Int]
  package let values: Values

  package init(_ name: String, _ shape: [Int], _ values: Values) {
    precondition(values.count == shape.reduce(1, *), "\(name): \(values.count) numbers, shape \(shape)")
    self.name = name
    self.shape = shape
    self.values = values
  }
}
