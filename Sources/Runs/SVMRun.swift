import Files
import LinearModels
import Parallel
import Reporting
import System

/// What `cnn-mpi svm` is to do.
package struct SVMConfiguration: Sendable {
  /// A directory of feature files.
  package var features = ""
  /// Names of classes that are told from each other; nil for all others.
  package var pairs: [(positive: String, negative: String?)] = []
  /// Every class from every other.
  package var allPairs = false
  /// Shares of the rows that are trained on.
  package var splits = (1...9).map { Double($0) / 10 }
  package var seed: UInt64 = 20
  /// A file of the rows that are trained on; nil for those that the seed tells.
  package var splitFile: String?
  package var descent = HingeDescent()
  package var decimalMark = DecimalMark.point
  /// More columns in the table.
  package var details = false
  /// Seconds that a file system has to answer, each time that it is asked; 0 for any.
  package var timeout = 240.0
  /// Threads a rank; nil for the cores that the rank has to itself.
  package var threads: Int?
  /// Directory for the results; nil for a new one.
  package var out: String?

  package init() {}
}

/// Trains and tests linear support vector machines, on all ranks of `world`, as the Spark application did.
///
/// - Throws: the same error on all ranks, or an `MPIError`.
package func runSVM(_ configuration: SVMConfiguration, in world: World, version: String) throws {
  _ = try Watchdog(world, StallLimits(), .ofCommand)
  var watch = Stopwatch()
  let threads = configuration.threads ?? world.threadsPerRank
  let splits = try world.agree { try configuration.rowSplits() }
  let files = try world.agree { try FeatureFiles(configuration.features, classes: configuration.classes) }
  let console = Console()
  let pulse = world.pulse
  let (table, errors) = try files.read(in: world, threads: threads) { _ in pulse.beat() }
  let study = SVMStudy(table, splits, configuration.descent, threads: threads)
  let text = SVMTable(study, configuration.decimalMark, isDetailed: configuration.details)
  let directory = try world.agree { world.isRoot ? try RunDirectory(configuration.out) : nil }
  if world.isRoot {
    for error in errors { console.warn("left out: \(error)") }
    console.print("Get data - OK - (\(decimal(watch.lap(), 2)) sec.)")
  }
  let pairs = try world.agree { try configuration.numberedPairs(in: table) }
  let results = try study.run(pairs, in: world) { _ in pulse.beat() }
  let seconds = watch.lap()
  try world.agree {
    guard world.isRoot, let directory else { return }
    if !configuration.allPairs {
      for result in results {
        console.print(text.heading(result.pair, rows: study.rows(of: result.pair)))
        console.print(text.lines(result))
        if let warning = text.warning(result) { console.warn(warning) }
      }
    }
    console.print("Took \(decimal(seconds, 2)) sec.")
    try write(results, study, text, configuration, to: directory, version: version)
    console.print("results in \(directory.path)")
  }
}

/// Writes the table, the best models' weights, and figures.
private func write(
  _ results: [PairResult], _ study: SVMStudy, _ text: SVMTable, _ configuration: SVMConfiguration,
  to directory: RunDirectory, version: String
) throws {
  try writeAtomically(Array(text.csv(results).utf8), to: directory.file("results.csv"))
  let classifiers = results.map { result in
    let (positive, negative) = text.names(result.pair)
    return LinearClassifier(positive: positive, negative: negative, weights: result.weights)
  }
  try LinearClassifier.write(classifiers, to: directory.file("model.safetensors"), version: version)
  if configuration.allPairs {
    for (split, share) in configuration.splits.enumerated() {
      let name = "accuracy-\(decimal(share, 2)).csv"
      try writeAtomically(Array(text.matrix(results, split: split).utf8), to: directory.file(name))
    }
    return
  }
  for result in results {
    let (positive, negative) = text.names(result.pair)
    let points = result.models.filter { $0.outcome.count > 0 }.map { model in
      let interval = model.outcome.wilsonInterval
      return SplitFigure.Point(
        share: 100 * model.share, accuracy: 100 * model.outcome.accuracy,
        interval: 100 * interval.lowerBound...100 * interval.upperBound,
        majority: 100 * model.outcome.majorityShare)
    }
    guard points.count > 1 else { continue }
    _ = try SplitFigure(title: "\(positive) vs \(negative)", points).draw(
      "\(positive)_vs_\(negative)".replacing("/", with: "_"), in: directory.path)
  }
}

extension SVMConfiguration {
  /// The classes whose files are read; nil for all.
  fileprivate var classes: Set<String>? {
    guard !allPairs, pairs.allSatisfy({ $0.negative != nil }) else { return nil }
    return Set(pairs.flatMap { [$0.positive, $0.negative!] })
  }

  fileprivate func rowSplits() throws -> [RowSplit] {
    guard let splitFile else { return splits.map { .share($0, seed: seed) } }
    return try RowSplit.read(splitFile)
  }

  fileprivate func numberedPairs(in table: FeatureTable) throws(FileError) -> [ClassPair] {
    if allPairs {
      return table.classNames.indices.flatMap { first in
        (first + 1..<table.classNames.count).map { ClassPair(first, $0) }
      }
    }
    func number(_ name: String) throws(FileError) -> Int {
      guard let number = table.classNames.firstIndex(of: name) else {
        throw FileError(
          features, expected: "features of the class \(name)",
          found: "those of \(table.classNames.joined(separator: ", "))")
      }
      return number
    }
    var numbered: [ClassPair] = []
    for pair in pairs {
      var negative: Int?
      if let name = pair.negative { negative = try number(name) }
      numbered.append(ClassPair(try number(pair.positive), negative))
    }
    return numbered
  }
}
