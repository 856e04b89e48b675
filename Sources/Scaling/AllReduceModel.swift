import Foundation
import Runs
import System

/// What `cnn-mpi bench allreduce --json` found on some number of ranks.
struct AllReduceTimes: Decodable {
  struct Size: Decodable {
    let bytes: Int
    let microseconds: Double
  }
  let benchmark: String
  let environment: RunEnvironment
  let ranks: Int
  let sizes: [Size]

  var isOversubscribed: Bool { environment.placement.isOversubscribed(threads: 1) }
}

/// The time of an MPI_Allreduce of n bytes on P ranks:
///
///     t(n, P) = 2 ceil(log2 P) alpha + 2 (P - 1) / P n beta
///
/// which is Rabenseifner's algorithm, a reduce-scatter and an all-gather, without its additions (Thakur,
/// Rabenseifner and Gropp 2005, "Optimization of collective communication operations in MPICH", section 4.5);
/// a ring has the same second term. Other algorithms, and the steps that a library makes from one to
/// another, show as the fit's relative error.
package struct AllReduceModel: Equatable, Sendable {
  /// alpha: seconds a message.
  package let latency: Double
  /// beta: seconds a byte.
  package let secondsPerByte: Double
  /// Root mean square of (model - measured) / measured.
  package let relativeError: Double

  package typealias Row = (ranks: Int, bytes: Int, seconds: Double)

  /// Least squares of the relative errors, so that small sizes count as much as large ones.
  ///
  /// - Precondition: the times are above 0.
  package init(fitting rows: [Row]) {
    let terms = rows.map { row in
      (
        x: Self.messages(row.ranks), y: Self.bytesMoved(Double(row.bytes), row.ranks), z: row.seconds,
        weight: 1 / row.seconds
      )
    }
    let (a, b) = nonNegativeLeastSquares(terms)
    (latency, secondsPerByte) = (a, b)
    let squares = terms.reduce(0) { sum, term in
      let error = (a * term.x + b * term.y) / term.z - 1
      return sum + error * error
    }
    relativeError = (squares / Double(max(rows.count, 1))).squareRoot()
  }

  /// beta's inverse, bytes a second; nil where the time does not grow with the size.
  package var bandwidth: Double? { secondsPerByte > 0 ? 1 / secondsPerByte : nil }

  /// Seconds of the reduction of `bytes`, cut into `buckets` that follow one another.
  package func seconds(bytes: Double, buckets: Int, ranks: Int) -> Double {
    Double(buckets) * Self.messages(ranks) * latency + Self.bytesMoved(bytes, ranks) * secondsPerByte
  }

  private static func messages(_ ranks: Int) -> Double { 2 * log2(Double(ranks)).rounded(.up) }

  private static func bytesMoved(_ bytes: Double, _ ranks: Int) -> Double {
    2 * Double(ranks - 1) / Double(ranks) * bytes
  }
}

/// In the units of `bench allreduce --json`.
extension AllReduceModel: Encodable {
  private enum CodingKeys: CodingKey { case latencyMicroseconds, bandwidthGigabytesPerSecond, relativeError }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.container(keyedBy: CodingKeys.self)
    try container.encode(latency * 1e6, forKey: .latencyMicroseconds)
    try container.encodeIfPresent(bandwidth.map { $0 / 1e9 }, forKey: .bandwidthGigabytesPerSecond)
    try container.encode(relativeError, forKey: .relativeError)
  }
}
