/// `HingeDescent` on the products of all pairs of rows, K = X X^T: where many models are trained on few rows.
///
/// The weights are w = sum of a_r x_r, so that a step changes the coefficients a and the margins m = K a of all rows,
/// which come without a pass over the features.
struct GramDescent {
  let settings: HingeDescent
  /// 1 or -1, by row.
  let signs: [Double]
  /// By row: it is trained on.
  let isTrained: [Bool]

  private(set) var coefficients: [Double]
  /// x . w, by row, of all rows.
  private(set) var margins: [Double]
  private(set) var end = DescentEnd()

  init(_ settings: HingeDescent, signs: [Double], isTrained: [Bool]) {
    precondition(signs.count == isTrained.count, "\(signs.count) signs, \(isTrained.count) rows")
    (self.settings, self.signs, self.isTrained) = (settings, signs, isTrained)
    coefficients = [Double](repeating: 0, count: signs.count)
    margins = coefficients
  }

  /// - Parameter gram: (rows, rows), symmetric.
  mutating func run(_ gram: UnsafePointer<Double>) {
    let (count, signs) = (signs.count, signs)
    let trained = isTrained.count { $0 }
    guard trained > 0 else { return }
    var active: [Int] = []
    active.reserveCapacity(count)
    var before = margins
    for iteration in 1...max(settings.iterations, 1) {
      let rate = settings.rate(iteration)
      let kept = 1 - rate * settings.regularization
      let step = rate / Double(trained)
      active.removeAll(keepingCapacity: true)
      for row in 0..<count where isTrained[row] && 1 > signs[row] * margins[row] { active.append(row) }
      swap(&before, &margins)
      for row in 0..<count { margins[row] = kept * before[row] }
      margins.withUnsafeMutableBufferPointer { sums in
        Self.add(active, signs, times: step, of: gram, to: sums.baseAddress!, count)
      }
      // |w' - w|^2 and |w'|^2, from a' - a and a'.
      let old = coefficients
      for row in 0..<count { coefficients[row] *= kept }
      for row in active { coefficients[row] += step * signs[row] }
      var (change, norm) = (0.0, 0.0)
      for row in 0..<count where isTrained[row] {
        change += (coefficients[row] - old[row]) * (margins[row] - before[row])
        norm += coefficients[row] * margins[row]
      }
      end.iterations = iteration
      if settings.ends(iteration, change: change, norm: norm) {
        end.isConverged = true
        return
      }
    }
  }

  /// sums += factor * (sum of s_r K_r over `rows`), four rows of K at a time.
  private static func add(
    _ rows: [Int], _ signs: [Double], times factor: Double, of gram: UnsafePointer<Double>,
    to sums: UnsafeMutablePointer<Double>,
    _ count: Int
  ) {
    var next = 0
    while next + 4 <= rows.count {
      let (a, b, c, d) = (rows[next], rows[next + 1], rows[next + 2], rows[next + 3])
      let (fa, fb) = (factor * signs[a], factor * signs[b])
      let (fc, fd) = (factor * signs[c], factor * signs[d])
      let (ka, kb, kc, kd) = (gram + a * count, gram + b * count, gram + c * count, gram + d * count)
      for column in 0..<count {
        sums[column] += (fa * ka[column] + fb * kb[column]) + (fc * kc[column] + fd * kd[column])
      }
      next += 4
    }
    for row in rows[next...] {
      let f = factor * signs[row]
      let k = gram + row * count
      for column in 0..<count { sums[column] += f * k[column] }
    }
  }
}
