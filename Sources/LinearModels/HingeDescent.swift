/// Spark MLlib's `SVMWithSGD` with every row in every step: subgradient descent on the hinge loss with an L2 penalty,
/// in 64 bits, without an intercept.
///
/// For signs s of 1 and -1, starting from w = 0, step i = 1, 2, ... is
///
///     w' = w (1 - eta reg) + eta / n * (sum of s_r x_r over the rows with 1 > s_r (x_r . w)),  eta = step / sqrt(i)
///
/// and from i = 2 on w' is the last one where |w' - w| < tol max(|w'|, 1). A row belongs to the positive class where
/// x . w > 0.
package struct HingeDescent: Sendable, Equatable {
  package var iterations = 100
  package var step = 1.0
  package var regularization = 0.01
  package var tolerance = 0.001

  package init() {}

  func rate(_ iteration: Int) -> Double { step / Double(iteration).squareRoot() }

  /// The steps end behind `iteration`.
  ///
  /// - Parameters:
  ///   - change: |w' - w|^2.
  ///   - norm: |w'|^2.
  func ends(_ iteration: Int, change: Double, norm: Double) -> Bool {
    // Rounding can make a sum of almost nothing negative.
    iteration > 1 && max(change, 0).squareRoot() < tolerance * max(max(norm, 0).squareRoot(), 1)
  }
}

/// How a descent ended.
package struct DescentEnd: Sendable, Equatable {
  /// Steps that were made.
  package var iterations = 0
  /// The last one moved the weights by less than the tolerance.
  package var isConverged = false

  package init(iterations: Int = 0, isConverged: Bool = false) {
    (self.iterations, self.isConverged) = (iterations, isConverged)
  }
}
