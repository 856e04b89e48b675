import Dispatch
import MPI
import Parallel
import Tensors

/// `HingeDescent` of several models in passes over the rows: where the rows are many and the models few.
///
/// A row is read once for all models, and its products with the weights and what it adds to the gradients follow each
/// other while it is in the cache. Ranks and threads share the rows and add up the gradients, so that all ranks get the
/// same weights.
struct RowDescent {
  /// One of two classes against the other, on a part of the rows.
  struct Model: Sendable {
    /// Rows of the positive class; all others are of the negative one.
    let positive: Range<Int>
    /// By row: it is trained on.
    let isTrained: [Bool]
  }

  private let settings: HingeDescent
  private let table: FeatureTable
  private let models: [Model]
  /// The rows of this rank.
  private let rows: Range<Int>
  private let threads: Int
  /// Columns, rounded up to whole vectors.
  private let width: Int
  /// (models, width).
  private let weights: SharedBuffer<Double>
  /// (threads, models, width).
  private let gradients: SharedBuffer<Double>
  /// (threads, width): a row in 64 bits.
  private let scratch: SharedBuffer<Double>
  private(set) var ends: [DescentEnd]

  private typealias Vector = SIMD8<Double>

  init(
    _ settings: HingeDescent, _ table: FeatureTable, _ models: [Model], rank: Int, of ranks: Int, threads: Int
  ) {
    (self.settings, self.table, self.models, self.threads) = (settings, table, models, threads)
    rows = shard(of: table.rows, rank, of: ranks)
    width = (table.columns + Vector.scalarCount - 1) / Vector.scalarCount * Vector.scalarCount
    weights = SharedBuffer(repeating: 0, count: models.count, unit: width)
    gradients = SharedBuffer(repeating: 0, count: threads * models.count, unit: width)
    scratch = SharedBuffer(repeating: 0, count: threads, unit: width)
    ends = [DescentEnd](repeating: DescentEnd(), count: models.count)
  }

  /// Trains all models.
  mutating func run(in world: World) throws {
    let counts = models.map { model in model.isTrained.count { $0 } }
    var open = models.indices.filter { counts[$0] > 0 }
    for iteration in 1...max(settings.iterations, 1) where !open.isEmpty {
      try addGradients(of: open, in: world)
      let rate = settings.rate(iteration)
      for model in open {
        ends[model].iterations = iteration
        let (change, norm) = step(model, rate: rate, rows: counts[model])
        ends[model].isConverged = settings.ends(iteration, change: change, norm: norm)
      }
      open.removeAll { ends[$0].isConverged }
    }
  }

  /// A model's weights, (columns).
  func weights(of model: Int) -> [Double] {
    Array(weights.array()[model * width..<model * width + table.columns])
  }

  /// How each model does on the rows that it was not trained on.
  func test(in world: World) throws -> [BinaryOutcome] {
    // True and false positives, true and false negatives, by model.
    let counts = SharedBuffer<Int>(repeating: 0, count: threads * models.count, unit: 4)
    let (table, models, rows, threads, width) = (table, models, rows, threads, width)
    let (weights, scratch) = (weights, scratch)
    DispatchQueue.concurrentPerform(iterations: threads) { thread in
      let row = scratch.unsafeMemory.baseAddress! + thread * width
      for index in shard(of: rows, thread, of: threads) {
        let source = table.values.unsafeMemory.baseAddress! + index * table.columns
        for column in 0..<table.columns { row[column] = Double(source[column]) }
        for (number, model) in models.enumerated() where !model.isTrained[index] {
          let predicted = dot(row, weights.unsafeMemory.baseAddress! + number * width, width) > 0
          let isRight = predicted == model.positive.contains(index)
          counts.unsafeMemory[
            (thread * models.count + number) * 4 + (predicted ? 0 : 2) + (isRight ? 0 : 1)] += 1
        }
      }
    }
    var sums = [Int](repeating: 0, count: models.count * 4)
    for (place, count) in counts.unsafeMemory.enumerated() { sums[place % sums.count] += count }
    var span = sums.mutableSpan
    try world.waiting { try world.communicator.allReduce(&span, .sum) }
    return models.indices.map { model in
      var outcome = BinaryOutcome()
      outcome.truePositives = sums[4 * model]
      outcome.falsePositives = sums[4 * model + 1]
      outcome.trueNegatives = sums[4 * model + 2]
      outcome.falseNegatives = sums[4 * model + 3]
      return outcome
    }
  }

  /// The sums of s_r x_r over the active rows of all ranks, in the first thread's gradients.
  private func addGradients(of open: [Int], in world: World) throws {
    let (table, models, rows, threads, width) = (table, models, rows, threads, width)
    let (weights, gradients, scratch) = (weights, gradients, scratch)
    DispatchQueue.concurrentPerform(iterations: threads) { thread in
      let own = gradients.unsafeMemory.baseAddress! + thread * models.count * width
      let row = scratch.unsafeMemory.baseAddress! + thread * width
      for model in open { (own + model * width).update(repeating: 0, count: width) }
      for index in shard(of: rows, thread, of: threads) {
        let source = table.values.unsafeMemory.baseAddress! + index * table.columns
        for column in 0..<table.columns { row[column] = Double(source[column]) }
        for model in open where models[model].isTrained[index] {
          let sign = models[model].positive.contains(index) ? 1.0 : -1.0
          let margin = dot(row, weights.unsafeMemory.baseAddress! + model * width, width)
          if 1 > sign * margin { add(row, times: sign, to: own + model * width, width) }
        }
      }
    }
    let sums = gradients.unsafeMemory.baseAddress!
    for thread in 1..<max(threads, 1) {
      for model in open {
        let place = (thread * models.count + model) * width
        add(sums + place, times: 1, to: sums + model * width, width)
      }
    }
    guard world.size > 1 else { return }
    for model in open {
      var span = gradients.mutableSpan(model * width..<(model + 1) * width)
      try world.waiting { try world.communicator.allReduce(&span, .sum) }
    }
  }

  /// Moves a model's weights.
  ///
  /// - Returns: |w' - w|^2 and |w'|^2.
  private func step(_ model: Int, rate: Double, rows: Int) -> (change: Double, norm: Double) {
    let own = weights.unsafeMemory.baseAddress! + model * width
    let gradient = gradients.unsafeMemory.baseAddress! + model * width
    let (kept, step) = (1 - rate * settings.regularization, rate / Double(rows))
    var (change, norm) = (0.0, 0.0)
    for column in 0..<width {
      let new = kept * own[column] + step * gradient[column]
      change += (new - own[column]) * (new - own[column])
      norm += new * new
      own[column] = new
    }
    return (change, norm)
  }

  /// x . y of `count` numbers, a multiple of a vector's.
  private func dot(
    _ x: UnsafePointer<Double>, _ y: UnsafePointer<Double>, _ count: Int
  ) -> Double {
    let (x, y) = (UnsafeRawPointer(x), UnsafeRawPointer(y))
    let size = MemoryLayout<Vector>.stride
    var (first, second) = (Vector.zero, Vector.zero)
    var place = 0
    let end = count / Vector.scalarCount * size
    while place + size < end {
      first.addProduct(
        x.load(fromByteOffset: place, as: Vector.self), y.load(fromByteOffset: place, as: Vector.self))
      second.addProduct(
        x.load(fromByteOffset: place + size, as: Vector.self),
        y.load(fromByteOffset: place + size, as: Vector.self))
      place += 2 * size
    }
    if place < end {
      first.addProduct(
        x.load(fromByteOffset: place, as: Vector.self), y.load(fromByteOffset: place, as: Vector.self))
    }
    return (first + second).sum()
  }

  /// y += factor x.
  private func add(
    _ x: UnsafePointer<Double>, times factor: Double, to y: UnsafeMutablePointer<Double>, _ count: Int
  ) {
    for index in 0..<count { y[index] += factor * x[index] }
  }
}
