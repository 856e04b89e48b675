import Foundation

/// The middle one in order of size, or the mean of the two in the middle.
///
/// - Precondition: there is at least one.
package func median(_ values: [Double]) -> Double {
  precondition(!values.isEmpty, "the median of nothing")
  let sorted = values.sorted()
  return (sorted[(sorted.count - 1) / 2] + sorted[sorted.count / 2]) / 2
}

/// The standard deviation, with n - 1; 0 for fewer than two values.
func standardDeviation(_ values: [Double]) -> Double {
  guard values.count > 1 else { return 0 }
  let mean = values.reduce(0, +) / Double(values.count)
  let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
  return (squares / Double(values.count - 1)).squareRoot()
}

/// The 95 % confidence interval of repeated measurements above 0: exp(mean +- t s / sqrt(n)) of their logarithms,
/// as what slows a machine down does so by a factor, with Student's t of n - 1 degrees of freedom. Nil for
/// fewer than two, which tell nothing of the scatter.
package func confidenceInterval(_ values: [Double]) -> ClosedRange<Double>? {
  guard values.count > 1 else { return nil }
  let logarithms = values.map { log($0) }
  let mean = logarithms.reduce(0, +) / Double(values.count)
  let half = studentT(values.count - 1) * standardDeviation(logarithms) / Double(values.count).squareRoot()
  return exp(mean - half)...exp(mean + half)
}

/// The 97.5 % quantile of Student's t distribution.
private func studentT(_ degreesOfFreedom: Int) -> Double {
  let table = [
    12.706, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228, 2.201, 2.179, 2.160, 2.145, 2.131,
    2.120, 2.110, 2.101, 2.093, 2.086, 2.080, 2.074, 2.069, 2.064, 2.060, 2.056, 2.052, 2.048, 2.045, 2.042,
  ]
  // Beyond, right to three digits.
  return degreesOfFreedom <= table.count
    ? table[degreesOfFreedom - 1] : 1.96 + 2.4 / Double(degreesOfFreedom)
}

/// The a, b >= 0 that minimise the sum of (a x_i + b y_i - z_i)^2 w_i^2.
///
/// Solves the normal equations; where that gives a negative number, or x and y are proportional, the better of
/// the two solutions with one of them alone.
package func nonNegativeLeastSquares(
  _ rows: [(x: Double, y: Double, z: Double, weight: Double)]
) -> (a: Double, b: Double) {
  var (xx, xy, yy, xz, yz) = (0.0, 0.0, 0.0, 0.0, 0.0)
  for row in rows {
    let square = row.weight * row.weight
    xx += square * row.x * row.x
    xy += square * row.x * row.y
    yy += square * row.y * row.y
    xz += square * row.x * row.z
    yz += square * row.y * row.z
  }
  let determinant = xx * yy - xy * xy
  if determinant > 1e-12 * xx * yy {
    let (a, b) = ((xz * yy - yz * xy) / determinant, (yz * xx - xz * xy) / determinant)
    if a >= 0 && b >= 0 { return (a, b) }
  }
  let onlyA = xx > 0 ? max(xz / xx, 0) : 0
  let onlyB = yy > 0 ? max(yz / yy, 0) : 0
  func squares(_ a: Double, _ b: Double) -> Double {
    rows.reduce(0) { sum, row in
      let error = (a * row.x + b * row.y - row.z) * row.weight
      return sum + error * error
    }
  }
  return squares(onlyA, 0) <= squares(0, onlyB) ? (onlyA, 0) : (0, onlyB)
}
