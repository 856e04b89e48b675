/// A linear map of a short line of vectors, element by element.
protocol LineTransform {
  static func apply(_ read: (Int) -> Vector, _ write: (Int, Vector) -> Void)
}

/// The one-dimensional transforms of a Winograd convolution F(m x m, 3 x 3): m x m outputs of a 3 x 3 filter
/// from a tile of (m + 2) x (m + 2) inputs by (m + 2)^2 products instead of 9 m^2 (Lavin and Gray 2016):
///
///     Y = A^T [ (G g G^T) . (B^T d B) ] A
///
/// In two dimensions each is applied to the columns of a tile and then to its rows. The adjoints serve the
/// backward pass.
protocol WinogradTile {
  /// m, outputs along an axis.
  static var outputs: Int { get }
  /// u = G g, of 3 elements, and g = G^T u.
  associatedtype Filter: LineTransform
  associatedtype FilterAdjoint: LineTransform
  /// v = B^T d, and d = B v.
  associatedtype Input: LineTransform
  associatedtype InputAdjoint: LineTransform
  /// y = A^T m, and m = A y.
  associatedtype Output: LineTransform
  associatedtype OutputAdjoint: LineTransform
}

extension WinogradTile {
  /// m + 2, inputs along an axis.
  static var inputs: Int { outputs + 2 }
  /// Products a tile, channel and filter.
  static var products: Int { inputs * inputs }
}

/// F(2 x 2, 3 x 3): 16 products for 4 outputs, 2.25 times fewer than directly. Its outputs are one 2 x 2
/// block.
enum WinogradTile2: WinogradTile {
  static var outputs: Int { 2 }

  enum Filter: LineTransform {
    @inline(__always)
    static func apply(_ g: (Int) -> Vector, _ u: (Int, Vector) -> Void) {
      let (g0, g1, g2) = (g(0), g(1), g(2))
      let outer = g0 + g2
      u(0, g0)
      u(1, 0.5 * (outer + g1))
      u(2, 0.5 * (outer - g1))
      u(3, g2)
    }
  }

  enum FilterAdjoint: LineTransform {
    @inline(__always)
    static func apply(_ u: (Int) -> Vector, _ g: (Int, Vector) -> Void) {
      let sum = 0.5 * (u(1) + u(2))
      g(0, u(0) + sum)
      g(1, 0.5 * (u(1) - u(2)))
      g(2, sum + u(3))
    }
  }

  enum Input: LineTransform {
    @inline(__always)
    static func apply(_ d: (Int) -> Vector, _ v: (Int, Vector) -> Void) {
      let (d0, d1, d2, d3) = (d(0), d(1), d(2), d(3))
      v(0, d0 - d2)
      v(1, d1 + d2)
      v(2, d2 - d1)
      v(3, d1 - d3)
    }
  }

  enum InputAdjoint: LineTransform {
    @inline(__always)
    static func apply(_ v: (Int) -> Vector, _ d: (Int, Vector) -> Void) {
      let (v0, v1, v2, v3) = (v(0), v(1), v(2), v(3))
      d(0, v0)
      d(1, v1 - v2 + v3)
      d(2, v1 + v2 - v0)
      d(3, Vector.zero - v3)
    }
  }

  enum Output: LineTransform {
    @inline(__always)
    static func apply(_ m: (Int) -> Vector, _ y: (Int, Vector) -> Void) {
      let (m1, m2) = (m(1), m(2))
      y(0, m(0) + m1 + m2)
      y(1, m1 - m2 - m(3))
    }
  }

  enum OutputAdjoint: LineTransform {
    @inline(__always)
    static func apply(_ y: (Int) -> Vector, _ m: (Int, Vector) -> Void) {
      let (y0, y1) = (y(0), y(1))
      m(0, y0)
      m(1, y0 + y1)
      m(2, y0 - y1)
      m(3, Vector.zero - y1)
    }
  }
}

/// F(4 x 4, 3 x 3): 36 products for 16 outputs, 4 times fewer than directly, with a larger rounding error.
enum WinogradTile4: WinogradTile {
  static var outputs: Int { 4 }

  enum Filter: LineTransform {
    @inline(__always)
    static func apply(_ g: (Int) -> Vector, _ u: (Int, Vector) -> Void) {
      let (g0, g1, g2) = (g(0), g(1), g(2))
      let (even, odd) = ((-1 / 6) * (g0 + g2), (-1 / 6) * g1)
      let (evenFar, oddFar) = ((1 / 24) * g0 + (1 / 6) * g2, (1 / 12) * g1)
      u(0, 0.25 * g0)
      u(1, even + odd)
      u(2, even - odd)
      u(3, evenFar + oddFar)
      u(4, evenFar - oddFar)
      u(5, g2)
    }
  }

  enum FilterAdjoint: LineTransform {
    @inline(__always)
    static func apply(_ u: (Int) -> Vector, _ g: (Int, Vector) -> Void) {
      let (near, far) = ((-1 / 6) * (u(1) + u(2)), u(3) + u(4))
      g(0, 0.25 * u(0) + near + (1 / 24) * far)
      g(1, (1 / 6) * (u(2) - u(1)) + (1 / 12) * (u(3) - u(4)))
      g(2, near + (1 / 6) * far + u(5))
    }
  }

  enum Input: LineTransform {
    @inline(__always)
    static func apply(_ d: (Int) -> Vector, _ v: (Int, Vector) -> Void) {
      let (d1, d2, d3, d4) = (d(1), d(2), d(3), d(4))
      let (even, odd) = (d4 - 4 * d2, d3 - 4 * d1)
      let (evenFar, oddFar) = (d4 - d2, 2 * (d3 - d1))
      v(0, 4 * d(0) - 5 * d2 + d4)
      v(1, even + odd)
      v(2, even - odd)
      v(3, evenFar + oddFar)
      v(4, evenFar - oddFar)
      v(5, 4 * d1 - 5 * d3 + d(5))
    }
  }

  enum InputAdjoint: LineTransform {
    @inline(__always)
    static func apply(_ v: (Int) -> Vector, _ d: (Int, Vector) -> Void) {
      let (v0, v5) = (v(0), v(5))
      let (sum, difference) = (v(1) + v(2), v(1) - v(2))
      let (sumFar, differenceFar) = (v(3) + v(4), 2 * (v(3) - v(4)))
      d(0, 4 * v0)
      d(1, 4 * (v5 - difference) - differenceFar)
      d(2, Vector.zero - 5 * v0 - 4 * sum - sumFar)
      d(3, difference + differenceFar - 5 * v5)
      d(4, v0 + sum + sumFar)
      d(5, v5)
    }
  }

  enum Output: LineTransform {
    @inline(__always)
    static func apply(_ m: (Int) -> Vector, _ y: (Int, Vector) -> Void) {
      let (sum, difference) = (m(1) + m(2), m(1) - m(2))
      let (sumFar, differenceFar) = (m(3) + m(4), m(3) - m(4))
      y(0, m(0) + sum + sumFar)
      y(1, difference + 2 * differenceFar)
      y(2, sum + 4 * sumFar)
      y(3, difference + 8 * differenceFar + m(5))
    }
  }

  enum OutputAdjoint: LineTransform {
    @inline(__always)
    static func apply(_ y: (Int) -> Vector, _ m: (Int, Vector) -> Void) {
      let (y0, y1, y2, y3) = (y(0), y(1), y(2), y(3))
      let (even, odd) = (y0 + y2, y1 + y3)
      let (evenFar, oddFar) = (y0 + 4 * y2, 2 * y1 + 8 * y3)
      m(0, y0)
      m(1, even + odd)
      m(2, even - odd)
      m(3, evenFar + oddFar)
      m(4, evenFar - oddFar)
      m(5, y3)
    }
  }
}
