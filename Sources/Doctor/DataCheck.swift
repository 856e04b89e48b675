import Data
import Files
import Foundation
import Networks
import Parallel
import Reporting
import Runs
import Tensors

/// Every rank reads the same images.
package struct DataCheck: Check {
  package static let name = "data"

  package struct Rank: Codable, Equatable {
    /// The directory or file, from the root, as the rank sees it.
    package var path: String
    package var isFile = false
    package var trainImages: Int?
    package var testImages: Int?
    /// Hashes of images and labels, see `LabeledImages.fingerprint`.
    package var trainHash: String?
    package var testHash: String?
    /// Why they cannot be read.
    package var error: String?
    /// Why they do not fit the model.
    package var mismatch: String?

    package init(
      path: String, trainImages: Int? = nil, testImages: Int? = nil, trainHash: String? = nil,
      testHash: String? = nil, error: String? = nil, mismatch: String? = nil
    ) {
      self.path = path
      self.trainImages = trainImages
      self.testImages = testImages
      self.trainHash = trainHash
      self.testHash = testHash
      self.error = error
      self.mismatch = mismatch
    }
  }

  /// `synthetic`, or a directory or file.
  let source: String
  package let ranks: ByRank<Rank>

  package init(_ source: String, _ ranks: ByRank<Rank>) {
    self.source = source
    self.ranks = ranks
  }

  package init(
    _ source: String, read options: DataOptions, for network: Network, timeout: Double, _ world: World
  ) throws {
    let own =
      source == "synthetic"
      ? Rank(path: source)
      : world.work(on: source, atMost: timeout) { Self.look(at: source, options, network) }
    self.init(source, try ByRank(gathering: own, world))
  }

  private static func look(at source: String, _ options: DataOptions, _ network: Network) -> Rank {
    let path = URL(fileURLWithPath: source).path
    do {
      let source = try DataSource(path: source, options)
      let input = ImageInput(shape: network.input)
      guard let train = try source.load(.train, as: input) else { throw source.missing(.train) }
      // Without test images a share of the training images is held out.
      let test = try source.load(.test, as: input)
      var rank = Rank(
        path: path, trainImages: train.count, testImages: test?.count ?? 0, trainHash: train.fingerprint,
        testHash: test?.fingerprint ?? "none")
      rank.isFile = isRegularFile(path)
      do {
        let fitted = try Network(network.description, for: train, test ?? train)
        try fitted.check(train)
        try fitted.check(test ?? train)
      } catch {
        rank.mismatch = "\(error)"
      }
      return rank
    } catch {
      return Rank(path: path, error: "\(error)")
    }
  }

  /// Number of training images: as many as MNIST has, where they are drawn or could not be read.
  func trainImages(of rank: Int) -> Int { max(ranks[rank].trainImages ?? 60_000, 1) }

  /// Bytes of images and labels that a rank holds: as many as MNIST has, where they are drawn or could not be
  /// read.
  func bytes(of rank: Int, _ network: Network) -> Double {
    let count = trainImages(of: rank) + (ranks[rank].testImages ?? 10_000)
    return Double(count) * Double(network.input.count + 1)
  }

  package var facts: String {
    guard source != "synthetic" else { return "synthetic digits: no files to look at" }
    return "\(source): "
      + ranks.summary { rank -> String? in
        guard rank.error == nil, let train = rank.trainImages, let test = rank.testImages else {
          return "none"
        }
        return "\(grouped(train)) to train, \(grouped(test)) to test"
      } + (ranks.count > 1 && problems.isEmpty ? ", the same on all ranks" : "")
  }

  package var problems: [Problem] { missing + different + mismatched }

  private var mismatched: [Problem] {
    ranks.groups(\.mismatch).prefix(1).map { mismatch, _ in
      .error(
        mismatch,
        remedy: "choose a model with that input, or describe one in a .json file: `cnn-mpi --help` lists them"
      )
    }
  }

  private var good: [Int] { ranks.facts.indices.filter { ranks[$0].error == nil } }

  private var missing: [Problem] {
    ranks.groups(\.error).map { error, missing in
      .error(
        missing.count == ranks.count ? error : "\(ranks.named(missing)): \(error)",
        remedy: remedy(good.first, missing[0])
          ?? "name data that is on every host; this is \(ranks[missing[0]].path)")
    }
  }

  private var different: [Problem] {
    let groups = ranks.groups { rank -> [String]? in
      rank.error == nil ? rank.trainHash.flatMap { train in rank.testHash.map { [train, $0] } } : nil
    }.sorted { $0.ranks.count > $1.ranks.count }
    guard groups.count > 1 else { return [] }
    let others = groups.dropFirst().flatMap(\.ranks).sorted()
    let most = groups[0].ranks
    return [
      .error(
        "\(ranks.named(others)) \(others.count == 1 ? "has" : "have") other images in \(source) than \(ranks.named(most))",
        remedy: remedy(most[0], others[0]) ?? "give all ranks the same directory")
    ]
  }

  /// Copies the data from the host of one rank to that of another; nil where it is the same host.
  private func remedy(_ from: Int?, _ to: Int) -> String? {
    guard let from, ranks.hosts[from] != ranks.hosts[to] else { return nil }
    // Behind a directory's path it is what makes rsync copy what is in it.
    let slash = ranks[from].isFile ? "" : "/"
    return
      "on \(ranks.hosts[from]): rsync -a \(ranks[from].path)\(slash) \(ranks.hosts[to]):\(ranks[to].path)\(slash)"
  }
}
