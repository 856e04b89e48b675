import Benchmarks
import System
import Testing

@Suite struct LatencyBandwidthTests {
  private let sizes = (1...13).map { 1 << (2 * $0) }

  private func times(_ seconds: (Double) -> Double) -> [(bytes: Int, seconds: Double)] {
    sizes.map { ($0, seconds(Double($0))) }
  }

  @Test func aLineIsFound() {
    let fit = LatencyBandwidth(fitting: times { 2e-6 + $0 / 5e9 })
    #expect(abs(fit.latency / 2e-6 - 1) < 1e-9)
    #expect(abs((fit.bandwidth ?? 0) / 5e9 - 1) < 1e-9)
    #expect(fit.relativeError < 1e-9)
  }

  /// The largest message takes 10 % longer than the line says: 1.3 ms, 670 times the latency, which stays.
  @Test func smallSizesCountAsMuchAsLargeOnes() {
    let fit = LatencyBandwidth(fitting: times { (2e-6 + $0 / 5e9) * ($0 > 6e7 ? 1.1 : 1) })
    #expect(abs(fit.latency / 2e-6 - 1) < 0.01)
    #expect(abs((fit.bandwidth ?? 0) / 5e9 - 1) < 0.1)
    #expect(fit.relativeError > 0.01 && fit.relativeError < 0.1)
  }

  /// The minimum of the sum of squared relative errors: every small step away is worse.
  @Test func nothingNearFitsBetter() {
    let measured = times { (1e-6 + $0 / 3e9) * ($0.truncatingRemainder(dividingBy: 3) == 1 ? 1.3 : 0.8) }
    let fit = LatencyBandwidth(fitting: measured)
    func squares(_ latency: Double, _ secondsPerByte: Double) -> Double {
      measured.reduce(0) { sum, time in
        let error = (latency + Double(time.bytes) * secondsPerByte) / time.seconds - 1
        return sum + error * error
      }
    }
    let best = squares(fit.latency, fit.secondsPerByte)
    #expect(abs(fit.relativeError - (best / 13).squareRoot()) < 1e-12)
    for (a, b) in [(1.01, 1.0), (0.99, 1), (1, 1.01), (1, 0.99), (1.01, 0.99)] {
      #expect(squares(fit.latency * a, fit.secondsPerByte * b) > best)
    }
  }

  @Test func neitherNumberGetsNegative() {
    let falling = LatencyBandwidth(fitting: [(4, 3e-6), (1000, 2e-6), (2000, 1e-6)])
    #expect(falling.bandwidth == nil && falling.latency > 1e-6 && falling.latency < 3e-6)
    let steep = LatencyBandwidth(fitting: [(1000, 1e-6), (2000, 4e-6)])
    #expect(steep.latency == 0 && (steep.bandwidth ?? 0) > 0)
  }
}
