import Parallel
import System
import Tensors

/// A class, and what it is told from.
package struct ClassPair: Sendable, Hashable {
  /// Number of the positive class.
  package let positive: Int
  /// Number of the negative class; nil for all others.
  package let negative: Int?

  package init(_ positive: Int, _ negative: Int?) { (self.positive, self.negative) = (positive, negative) }
}

/// A model that was trained on one split of a pair's rows, and tested on the others.
package struct SVMModel: Sendable {
  /// The share of the rows that it was to be trained on.
  package let share: Double
  package var trainRows = 0
  package var outcome = BinaryOutcome()
  package var end = DescentEnd()
  /// Of training and testing.
  package var seconds = 0.0
}

/// All models of a pair.
package struct PairResult: Sendable {
  package let pair: ClassPair
  /// By split.
  package var models: [SVMModel]
  /// The weights of the best model, (columns).
  package var weights: [Double]

  /// The place of the model with the most accurate predictions, of several the first; nil where none was tested.
  package var best: Int? {
    var best: Int?
    for (index, model) in models.enumerated() where model.outcome.count > 0 {
      if best.map({ model.outcome.accuracy > models[$0].outcome.accuracy }) ?? true { best = index }
    }
    return best
  }
}

/// Linear support vector machines for pairs of classes and splits of their rows, on all ranks.
///
/// Models of two classes are trained on the products of their rows (`GramDescent`), pair by pair on some rank and thread,
/// and those of a class against all others in passes over the rows, which ranks and threads share (`RowDescent`).
package struct SVMStudy {
  package let table: FeatureTable
  package let splits: [RowSplit]
  package let settings: HingeDescent
  package let threads: Int
  /// By split and row: it is trained on.
  let isTrained: [[Bool]]

  package init(_ table: FeatureTable, _ splits: [RowSplit], _ settings: HingeDescent, threads: Int) {
    (self.table, self.splits, self.settings, self.threads) = (table, splits, settings, threads)
    isTrained = splits.map { split in table.names.map(split.trains) }
  }

  /// - Parameter progress: called with the number of models that are done on this rank, now and then, from any thread.
  /// - Returns: the results in the order of `pairs`, the same on all ranks.
  package func run(
    _ pairs: [ClassPair], in world: World, progress: @Sendable @escaping (_ models: Int) -> Void = { _ in }
  ) throws -> [PairResult] {
    let ofTwo = pairs.indices.filter { pairs[$0].negative != nil }
    var results = pairs.map { pair in
      PairResult(pair: pair, models: splits.map { SVMModel(share: $0.share) }, weights: [])
    }
    let found = try PairStudy(self, ofTwo.map { pairs[$0] }).run(in: world, progress: progress)
    for (index, result) in zip(ofTwo, found) { results[index] = result }
    var done = ofTwo.count * splits.count
    for index in pairs.indices where pairs[index].negative == nil {
      results[index] = try againstAll(pairs[index], in: world)
      done += splits.count
      progress(done)
    }
    return results
  }

  package func isTrained(_ row: Int, inSplit split: Int) -> Bool { isTrained[split][row] }

  /// How many rows each class of a pair has.
  package func rows(of pair: ClassPair) -> (positive: Int, negative: Int) {
    let positive = table.classRows[pair.positive].count
    return (positive, pair.negative.map { table.classRows[$0].count } ?? table.rows - positive)
  }

  /// The models of a class against all others.
  private func againstAll(_ pair: ClassPair, in world: World) throws -> PairResult {
    var watch = Stopwatch()
    let positive = table.classRows[pair.positive]
    let models = isTrained.map { RowDescent.Model(positive: positive, isTrained: $0) }
    var descent = RowDescent(settings, table, models, rank: world.rank, of: world.size, threads: threads)
    try descent.run(in: world)
    var counts = try descent.test(in: world)
    let seconds = watch.lap() / Double(models.count)
    var result = PairResult(pair: pair, models: [], weights: [])
    for (index, split) in splits.enumerated() {
      let trained = isTrained[index].count { $0 }
      result.models.append(
        SVMModel(
          share: split.share, trainRows: trained, outcome: counts.removeFirst(), end: descent.ends[index],
          seconds: seconds))
    }
    if let best = result.best { result.weights = descent.weights(of: best) }
    return result
  }
}
