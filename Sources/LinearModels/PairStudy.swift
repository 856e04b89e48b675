import Dispatch
import MPI
import Parallel
import Synchronization
import System
import Tensors

/// The part of an `SVMStudy` that is about pairs of classes.
struct PairStudy {
  private let study: SVMStudy
  private let pairs: [ClassPair]

  init(_ study: SVMStudy, _ pairs: [ClassPair]) { (self.study, self.pairs) = (study, pairs) }

  /// What is said of a model, in numbers that ranks can exchange.
  private static let fields = 8

  func run(in world: World, progress: @Sendable @escaping (Int) -> Void) throws -> [PairResult] {
    guard !pairs.isEmpty else { return [] }
    let (table, splits) = (study.table, study.splits)
    let shares = (0..<world.size).map { shard(of: pairs.count, $0, of: world.size) }
    let numbers = SharedBuffer<Double>(repeating: 0, count: pairs.count, unit: splits.count * Self.fields)
    let weights = SharedBuffer<Double>(repeating: 0, count: pairs.count, unit: table.columns)
    let within = self.within(shares[world.rank])
    let done = Atomic(0)
    let (own, threads) = (shares[world.rank], study.threads)
    DispatchQueue.concurrentPerform(iterations: threads) { thread in
      var first: (number: Int, rows: GramMatrix.Rows)?
      for index in shard(of: own, thread, of: threads) {
        let pair = pairs[index]
        if first?.number != pair.positive {
          first = (pair.positive, GramMatrix.Rows(table, table.classRows[pair.positive]))
        }
        train(pair, first!.rows, within, index, numbers, weights)
        progress(done.add(splits.count, ordering: .relaxed).newValue)
      }
    }
    if world.size > 1 {
      var allNumbers = numbers.mutableSpan
      var allWeights = weights.mutableSpan
      try world.waiting {
        try world.communicator.allGather(
          rowsOf: &allNumbers, rowCount: splits.count * Self.fields, shares: shares)
        try world.communicator.allGather(rowsOf: &allWeights, rowCount: table.columns, shares: shares)
      }
    }
    return pairs.indices.map { result($0, numbers, weights) }
  }

  /// The products of each class's rows with each other, of the classes that some pairs are of.
  private func within(_ own: Range<Int>) -> [Int: SharedBuffer<Double>] {
    let classes = Set(own.flatMap { [pairs[$0].positive, pairs[$0].negative!] }).sorted()
    let (table, threads) = (study.table, study.threads)
    let found = Mutex<[Int: SharedBuffer<Double>]>([:])
    DispatchQueue.concurrentPerform(iterations: threads) { thread in
      for place in shard(of: classes.count, thread, of: threads) {
        let gram = GramMatrix.within(GramMatrix.Rows(table, table.classRows[classes[place]]))
        found.withLock { $0[classes[place]] = gram }
      }
    }
    return found.withLock { $0 }
  }

  /// Trains and tests a pair's models.
  private func train(
    _ pair: ClassPair, _ positive: GramMatrix.Rows, _ within: [Int: SharedBuffer<Double>], _ index: Int,
    _ numbers: SharedBuffer<Double>, _ weights: SharedBuffer<Double>
  ) {
    let table = study.table
    let rows = Array(table.classRows[pair.positive]) + Array(table.classRows[pair.negative!])
    let negative = GramMatrix.Rows(table, table.classRows[pair.negative!])
    let gram = SharedBuffer<Double>(repeating: 0, count: rows.count, unit: rows.count)
    GramMatrix.joined(
      positive, negative, within: (within[pair.positive]!, within[pair.negative!]!), into: gram)
    let signs = rows.map { table.classRows[pair.positive].contains($0) ? 1.0 : -1.0 }
    var best: (accuracy: Double, coefficients: [Double])?
    for split in study.splits.indices {
      var watch = Stopwatch()
      let isTrained = rows.map { study.isTrained[split][$0] }
      var descent = GramDescent(study.settings, signs: signs, isTrained: isTrained)
      descent.run(gram.unsafeMemory.baseAddress!)
      var outcome = BinaryOutcome()
      for row in rows.indices where !isTrained[row] {
        outcome.add(isPositive: signs[row] > 0, predicted: descent.margins[row] > 0)
      }
      if outcome.count > 0, best.map({ outcome.accuracy > $0.accuracy }) ?? true {
        best = (outcome.accuracy, descent.coefficients)
      }
      put(
        SVMModel(
          share: 0, trainRows: isTrained.count { $0 }, outcome: outcome, end: descent.end,
          seconds: watch.lap()),
        into: numbers, index, split)
    }
    let target = weights.unsafeMemory.baseAddress! + index * table.columns
    for (row, coefficient) in zip(rows, best?.coefficients ?? []) where coefficient != 0 {
      let source = table.values.unsafeMemory.baseAddress! + row * table.columns
      for column in 0..<table.columns { target[column] += coefficient * Double(source[column]) }
    }
  }

  private func put(_ model: SVMModel, into numbers: SharedBuffer<Double>, _ pair: Int, _ split: Int) {
    let outcome = model.outcome
    let values = [
      Double(model.trainRows), Double(outcome.truePositives), Double(outcome.falsePositives),
      Double(outcome.trueNegatives), Double(outcome.falseNegatives), Double(model.end.iterations),
      model.end.isConverged ? 1 : 0, model.seconds,
    ]
    let start = (pair * study.splits.count + split) * Self.fields
    for (field, value) in values.enumerated() { numbers.unsafeMemory[start + field] = value }
  }

  private func result(
    _ pair: Int, _ numbers: SharedBuffer<Double>, _ weights: SharedBuffer<Double>
  ) -> PairResult {
    let models = study.splits.indices.map { split in
      let start = (pair * study.splits.count + split) * Self.fields
      let values = numbers.unsafeMemory[start..<start + Self.fields].map { $0 }
      var model = SVMModel(share: study.splits[split].share)
      model.trainRows = Int(values[0])
      model.outcome.truePositives = Int(values[1])
      model.outcome.falsePositives = Int(values[2])
      model.outcome.trueNegatives = Int(values[3])
      model.outcome.falseNegatives = Int(values[4])
      model.end = DescentEnd(iterations: Int(values[5]), isConverged: values[6] == 1)
      model.seconds = values[7]
      return model
    }
    let columns = study.table.columns
    return PairResult(
      pair: pairs[pair], models: models,
      weights: Array(weights.unsafeMemory[pair * columns..<(pair + 1) * columns]))
  }
}
