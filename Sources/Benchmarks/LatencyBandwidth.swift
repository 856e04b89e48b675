/// The model of a message's time that is a line: t(n) = latency + n / bandwidth (Hockney 1994).
package struct LatencyBandwidth {
  /// Seconds.
  package let latency: Double
  package let secondsPerByte: Double
  /// Root mean square of (t(n) - measured) / measured.
  package let relativeError: Double

  /// Bytes a second; nil when the time does not grow with the size.
  package var bandwidth: Double? { secondsPerByte > 0 ? 1 / secondsPerByte : nil }

  /// Least squares of the relative errors: minimises sum ((a + b n) / t - 1)^2, so that the small sizes,
  /// which alone show the latency, count as much as the large ones. Neither number gets negative.
  ///
  /// - Precondition: at least two sizes, with times above 0.
  package init(fitting times: [(bytes: Int, seconds: Double)]) {
    precondition(Set(times.map(\.bytes)).count > 1, "\(times.count) times")
    precondition(times.allSatisfy { $0.seconds > 0 }, "\(times)")
    // With u = 1 / t and v = n / t: a u + b v = 1.
    var (uu, uv, vv, u1, v1) = (0.0, 0.0, 0.0, 0.0, 0.0)
    for (bytes, seconds) in times {
      let (u, v) = (1 / seconds, Double(bytes) / seconds)
      uu += u * u
      uv += u * v
      vv += v * v
      u1 += u
      v1 += v
    }
    let determinant = uu * vv - uv * uv
    var (a, b) = ((u1 * vv - v1 * uv) / determinant, (v1 * uu - u1 * uv) / determinant)
    if b < 0 { (a, b) = (u1 / uu, 0) }
    if a < 0 { (a, b) = (0, v1 / vv) }
    (latency, secondsPerByte) = (a, b)
    let squares = times.map { bytes, seconds in
      let error = (a + b * Double(bytes)) / seconds - 1
      return error * error
    }
    relativeError = (squares.reduce(0, +) / Double(squares.count)).squareRoot()
  }
}
