/// A function that an operation applies to its outputs before it writes them: it cuts them off at bounds.
///
/// Its derivative follows from the output alone: 1 between the bounds, 0 at them. NaN is never cut off, so that
/// a diverged run is seen in its loss.
package enum Activation: Hashable, Sendable, CaseIterable {
  /// y = x
  case identity
  /// y = max(x, 0)
  case relu
  /// y = min(max(x, 0), 6) (Krizhevsky 2010)
  case relu6

  /// The least output; minus infinity for none.
  package var floor: Float { self == .identity ? -.infinity : 0 }

  /// The largest output; infinity for none.
  package var ceiling: Float { self == .relu6 ? 6 : .infinity }
}

/// The bounds of an activation as inner loops need them. Those that are not there cost a minimum or a maximum
/// that changes nothing.
struct ActivationBounds {
  let floor: Vector
  let ceiling: Vector
  /// The largest output below the ceiling; infinity where there is none, as an infinite output is not cut off.
  let largestPassing: Vector
  let hasCeiling: Bool

  init(_ activation: Activation) {
    let ceiling = activation.ceiling
    floor = Vector(repeating: activation.floor)
    self.ceiling = Vector(repeating: ceiling)
    hasCeiling = ceiling.isFinite
    largestPassing = Vector(repeating: hasCeiling ? ceiling.nextDown : ceiling)
  }

  /// The activation's value.
  @inline(__always)
  func clamp(_ value: Vector) -> Vector {
    let floored = value.replacing(with: floor, where: value .< floor)
    return floored.replacing(with: ceiling, where: floored .> ceiling)
  }

  /// The gradient before the activation, for an output `y`: 0 where that was cut off. The identity, which cuts
  /// off minus infinity here, need not ask.
  @inline(__always)
  func backward(_ gradient: Vector, y: Vector) -> Vector {
    gradient.replacing(with: Vector.zero, where: (y .<= floor) .| (y .> largestPassing))
  }
}
