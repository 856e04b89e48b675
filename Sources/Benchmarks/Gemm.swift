import Kernels
import Parallel
import System
import Tensors

/// A matrix product as the program calls it: C (m, n) = A (m, k) B (k, n).
package struct GemmShape {
  let name: String
  let m: Int
  let n: Int
  let k: Int
  var transposeA = false
  var transposeB = false

  /// Floating-point operations: a multiply-add is two.
  package var flop: Double { 2 * Double(m) * Double(n) * Double(k) }

  /// Squares, and the products of convolutions and dense layers.
  static let all = [
    GemmShape(name: "square", m: 256, n: 256, k: 256),
    GemmShape(name: "square", m: 512, n: 512, k: 512),
    GemmShape(name: "square", m: 1024, n: 1024, k: 1024),
    GemmShape(name: "3x3 of 1 -> 32", m: 6760, n: 32, k: 9),
    GemmShape(name: "3x3 of 32 -> 64", m: 400, n: 64, k: 288),
    GemmShape(name: "... dWeight", m: 288, n: 64, k: 400, transposeA: true),
    GemmShape(name: "... dX", m: 400, n: 288, k: 64, transposeB: true),
    GemmShape(name: "... Winograd 2x2", m: 200, n: 64, k: 32),
    GemmShape(name: "3x3 of 256 -> 256", m: 56, n: 256, k: 2304),
    GemmShape(name: "3x3 of 512 -> 512", m: 28, n: 512, k: 4608),
    GemmShape(name: "dense 1600 -> 128", m: 32, n: 128, k: 1600),
    GemmShape(name: "dense 4096 -> 4096", m: 32, n: 4096, k: 4096),
  ]

  /// A large square, and the products of `mnist-cnn`'s second convolution, which takes most of its time:
  /// enough to compare cores.
  package static let brief = all.filter {
    $0.m == 512 || $0.name == "3x3 of 32 -> 64" || $0.name.hasPrefix("...")
  }

  /// Seconds a product, single-threaded.
  ///
  /// - Parameter seconds: that a repetition takes, about.
  package func measure(repetitions: Int, seconds: Double = 0.005) -> Samples {
    BLAS.useOneThread()
    let (a, b) = (Self.matrix(m * k, index: 0), Self.matrix(k * n, index: 1))
    let c = SharedBuffer<Float>(repeating: 0, count: m * n)
    func product() {
      var result = c.mutableSpan
      multiply(
        a.span, transposeA: transposeA, b.span, transposeB: transposeB, into: &result, m: m, n: n, k: k)
    }
    func measure(_ count: Int) -> Double { Benchmarks.seconds(of: count, product) }
    return Timing(seconds: seconds, repetitions: repetitions, measure).run(measure)
  }

  /// Random numbers in [-1, 1).
  private static func matrix(_ count: Int, index: Int) -> SharedBuffer<Float> {
    let matrix = SharedBuffer<Float>(repeating: 0, count: count)
    var random = RandomStream(seed: 1, purpose: .benchmark, index: index)
    var numbers = matrix.mutableSpan
    for place in numbers.indices { numbers[place] = random.uniform(-1, 1) }
    return matrix
  }
}

/// The speed of one core, by which others are judged: the fastest product's median, on all ranks at once.
struct GemmPeak {
  /// GFLOP/s of the products on this rank, in the order of `GemmShape.all`.
  let rates: [Samples]
  /// GFLOP/s of this rank's core.
  let own: Double
  /// GFLOP/s of a core, mean over the ranks.
  let mean: Double

  init(_ world: World, repetitions: Int) throws {
    try world.communicator.barrier()
    rates = GemmShape.all.map { shape in
      shape.measure(repetitions: repetitions).map { shape.flop / $0 / 1e9 }
    }
    own = rates.map(\.median).max()!
    mean = try world.mean(own)
  }
}
