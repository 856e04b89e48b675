import Glibc
import Tensors

/// Random displacements of an image's pixels that change smoothly from one to the next (Simard, Steinkraus,
/// Platt 2003: a random field smoothed by a Gaussian).
///
/// That does not need a convolution: the field has no detail finer than its Gaussian, so random numbers on a
/// grid of 8 x 8 points stand for it, spread by the same Gaussian. It is separable, which makes each
/// component a product of small matrices, (H, 8) by (8, 8) by (8, W).
struct ElasticField: Sendable {
  /// The standard deviation of the Gaussian, in pixels of an image of 28 x 28, and in proportion to others.
  private static let sigma: Float = 4
  private static let gridSize = 8

  /// The weight of each of the grid's rows for a pixel's row, (H, 8), and of its columns for a pixel's
  /// column, (8, W rounded up to whole vectors).
  private let rowWeights: [Float]
  private let columnWeights: [Float]
  private let columnCount: Int

  init(height: Int, width: Int) {
    let columnCount = (width + 15) / 16 * 16
    self.columnCount = columnCount
    rowWeights = (0..<height).flatMap { Self.weights(at: $0, of: height) }
    let columns = (0..<columnCount).map { Self.weights(at: $0, of: width) }
    columnWeights = (0..<Self.gridSize).flatMap { point in columns.map { $0[point] } }
  }

  /// The weights of the grid's points along a side of `count` pixels for the pixel at `place`. Their squares
  /// sum to 1: the field has the variance of the grid everywhere.
  private static func weights(at place: Int, of count: Int) -> [Float] {
    let spacing = Float(count) / Float(gridSize - 2)
    let gaussians = (0..<gridSize).map { point in
      let distance = Float(place) + 0.5 - (Float(point) - 0.5) * spacing
      return expf(-0.5 * powf(distance / (sigma * Float(count) / 28), 2))
    }
    let norm = gaussians.reduce(0) { $0 + $1 * $1 }.squareRoot()
    return gaussians.map { $0 / norm }
  }

  /// The grid's numbers: a vector a row, displacements along x in lanes 0..<8, along y in the others.
  struct Grid {
    private var rows = InlineArray<8, SixteenFloats>(repeating: SixteenFloats(repeating: 0))

    /// Uniform with the given standard deviation.
    init(_ random: inout RandomStream, deviation: Float) {
      let scale = SixteenFloats(repeating: deviation * Float(3).squareRoot())
      for pair in 0..<4 {
        let words = random.next32()
        rows[2 * pair] = words.lowHalf.signedUnits * scale
        rows[2 * pair + 1] = words.highHalf.signedUnits * scale
      }
    }

    /// The rows' sum with these weights.
    @inline(__always)
    fileprivate func sum(_ weights: UnsafePointer<Float>) -> SixteenFloats {
      var sum = SixteenFloats(repeating: 0)
      for point in 0..<8 { sum.addProduct(rows[point], SixteenFloats(repeating: weights[point])) }
      return sum
    }
  }

  /// The grid interpolated for a row of pixels.
  @inline(__always)
  func row(_ y: Int, of grid: Grid) -> SixteenFloats {
    rowWeights.withUnsafeBufferPointer { grid.sum($0.baseAddress! + Self.gridSize &* y) }
  }

  /// Displacements of sixteen pixels of a row, from column `first` on.
  @inline(__always)
  func displacements(from first: Int, in row: SixteenFloats) -> (x: SixteenFloats, y: SixteenFloats) {
    columnWeights.withUnsafeBufferPointer { weights in
      var (x, y) = (SixteenFloats(repeating: 0), SixteenFloats(repeating: 0))
      for point in 0..<8 {
        let address = UnsafeRawPointer(weights.baseAddress! + (point &* columnCount &+ first))
        let column = address.loadUnaligned(as: SixteenFloats.self)
        x.addProduct(column, SixteenFloats(repeating: row[point]))
        y.addProduct(column, SixteenFloats(repeating: row[8 &+ point]))
      }
      return (x, y)
    }
  }
}
