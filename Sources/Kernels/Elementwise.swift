/// A function of one number that a layer applies to all of them.
package enum ElementwiseFunction: Hashable, Sendable {
  /// One that operations can take over from a layer behind them.
  case activation(Activation)
  /// y = x for x > 0, else slope x (Maas et al. 2013).
  case leakyReLU(slope: Float)
  /// y = 1 / (1 + exp(-x))
  case sigmoid
  /// y = x / (1 + exp(-x)), also called swish (Elfwing et al. 2017). Its value at minus infinity is NaN, as in
  /// PyTorch.
  case silu

  /// Says whether it is made after max(x, 0): weights before it start as He et al. (2015) have it.
  package var isRectifier: Bool {
    switch self {
    case .activation(.relu), .activation(.relu6), .leakyReLU, .silu: true
    case .activation(.identity), .sigmoid: false
    }
  }
}

extension ElementwiseFunction {
  /// y = f(x), element by element. NaN stays NaN, so that a diverged run is seen in its loss.
  package func forward(_ x: Span<Float>, into y: inout MutableSpan<Float>) {
    precondition(x.count == y.count, "\(y.count) outputs for \(x.count) inputs")
    switch self {
    case .activation(let activation):
      map(Clamp(bounds: ActivationBounds(activation)), x, x, into: &y)
    case .leakyReLU(let slope): map(Leak(slope: Vector(repeating: slope)), x, x, into: &y)
    case .sigmoid: map(Sigmoid(), x, x, into: &y)
    case .silu: map(SiLU(), x, x, into: &y)
    }
  }

  /// dX = f'(x) dY, element by element.
  ///
  /// - Parameters:
  ///   - x, y: input and output of `forward`.
  ///   - dX: overwritten.
  package func backward(
    _ x: Span<Float>, y: Span<Float>, dY: Span<Float>, into dX: inout MutableSpan<Float>
  ) {
    precondition(
      x.count == y.count && y.count == dY.count && dY.count == dX.count,
      "\(x.count), \(y.count), \(dY.count), \(dX.count) elements")
    switch self {
    case .activation(let activation):
      map(ClampGradient(bounds: ActivationBounds(activation)), y, dY, into: &dX)
    case .leakyReLU(let slope): map(Leak(slope: Vector(repeating: slope)), x, dY, into: &dX)
    case .sigmoid: map(SigmoidGradient(), y, dY, into: &dX)
    case .silu: map(SiLUGradient(), x, dY, into: &dX)
    }
  }
}

// MARK: Vectors

/// What `map` does with sixteen numbers of each of its inputs. A type of its own, not a closure, as the compiler
/// would call a closure of this size for each vector.
private protocol VectorFunction {
  func callAsFunction(_ a: Vector, _ b: Vector) -> Vector
}

private struct Clamp: VectorFunction {
  let bounds: ActivationBounds
  @inline(__always) func callAsFunction(_ x: Vector, _: Vector) -> Vector { bounds.clamp(x) }
}

private struct ClampGradient: VectorFunction {
  let bounds: ActivationBounds
  @inline(__always) func callAsFunction(_ y: Vector, _ dY: Vector) -> Vector { bounds.backward(dY, y: y) }
}

/// The second number times 1 or the slope, by the sign of the first.
private struct Leak: VectorFunction {
  let slope: Vector
  @inline(__always) func callAsFunction(_ x: Vector, _ value: Vector) -> Vector {
    (value * slope).replacing(with: value, where: x .> Vector.zero)
  }
}

private struct Sigmoid: VectorFunction {
  @inline(__always) func callAsFunction(_ x: Vector, _: Vector) -> Vector { sigmoid(x) }
}

private struct SigmoidGradient: VectorFunction {
  @inline(__always) func callAsFunction(_ y: Vector, _ dY: Vector) -> Vector {
    dY * (y * (Vector(repeating: 1) - y))
  }
}

private struct SiLU: VectorFunction {
  @inline(__always) func callAsFunction(_ x: Vector, _: Vector) -> Vector { x * sigmoid(x) }
}

private struct SiLUGradient: VectorFunction {
  @inline(__always) func callAsFunction(_ x: Vector, _ dY: Vector) -> Vector {
    let (one, sigmoid) = (Vector(repeating: 1), sigmoid(x))
    return dY * (sigmoid * (one + x * (one - sigmoid)))
  }
}

/// c = function(a, b), in vectors.
@inline(__always)
private func map(
  _ function: some VectorFunction, _ a: Span<Float>, _ b: Span<Float>, into c: inout MutableSpan<Float>
) {
  let (count, a, b, c) = (c.count, a.address, b.address, c.address)
  var i = 0
  while i &+ 16 <= count {
    c.store(function(a.vector(at: i), b.vector(at: i)), at: i)
    i &+= 16
  }
  guard i < count else { return }
  storeRest(function(rest(a + i, count &- i), rest(b + i, count &- i)), to: c + i, count &- i)
}

// Not inlined: the compiler would take the whole function of what is loaded lane by lane apart into lanes.

@inline(never)
private func rest(_ source: UnsafePointer<Float>, _ lanes: Int) -> Vector {
  source.vector(at: 0, lanes: lanes)
}

@inline(never)
private func storeRest(_ values: Vector, to target: UnsafeMutablePointer<Float>, _ lanes: Int) {
  target.store(values, at: 0, lanes: lanes)
}
