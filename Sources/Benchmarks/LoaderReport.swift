import Data
import Dispatch
import Networks
import Parallel
import Reporting
import Runs
import Synchronization
import System
import Tensors

/// `cnn-mpi bench loader`: how fast images are read, decoded, varied and normalised, without training.
struct LoaderReport: BenchmarkReport {
  let benchmark = Benchmark.loader.rawValue
  let environment: RunEnvironment
  let data: String
  let images: Int
  /// Of a loaded image, (H, W, C).
  let shape: Shape
  let augmentation: AugmentationKind
  let ranks: Int
  /// The number of rank 0's threads.
  let threads: Int
  let repetitions: Int
  /// Of all ranks together: median, slowest and fastest repetition.
  let imagesPerSecond: Double
  let imagesPerSecondMin: Double
  let imagesPerSecondMax: Double
  /// Of one thread, a mean over all ranks' threads.
  let imagesPerSecondAThread: Double
  /// The same by the processor time that they took, whatever else the machine did.
  let imagesPerProcessorSecond: Double
  /// Bytes of pixels that are read or decoded, before they become numbers of 32 bits.
  let pixelBytesPerSecond: Double

  /// Images that a thread takes at once.
  private static let batch = 32

  init(_ configuration: BenchmarkConfiguration, _ world: World, _ environment: RunEnvironment) throws {
    let training = configuration.training
    let threads = training.threads ?? world.threadsPerRank
    let model = try world.agree { try ModelDescription(named: training.model) }
    let dataset = try world.agree {
      let source = try DataSource(path: training.data, training.dataOptions)
      guard let found = try source.load(.train, as: ImageInput(shape: model.input)) else {
        preconditionFailure("data without a training part")
      }
      return training.trainSamples.map { found.limited(to: $0) } ?? found
    }
    let half = [Float](repeating: 0.5, count: dataset.shape.channels)
    let augmentation = try world.agree { try training.makeAugmentation(dataset.shape) }
    let loader = BatchLoader(
      dataset, Normalization(mean: half, deviation: half), augmentation: augmentation)
    let measure = { count in try world.seconds(of: count) { try Self.load(loader, threads: threads) } }
    let timing = try Timing(seconds: 0.5, repetitions: configuration.repetitions, measure)
    let start = processorSeconds()
    let samples = try timing.run(measure)
    let taken = try world.communicator.allReduce(processorSeconds() - start, .sum)
    let allImages = Double(dataset.count * world.size)
    let allThreads = Double(try world.communicator.allReduce(threads, .sum))
    self.environment = environment
    data = training.data
    images = dataset.count
    shape = dataset.shape
    self.augmentation = training.augmentation
    ranks = world.size
    self.threads = threads
    repetitions = configuration.repetitions
    imagesPerSecond = allImages / samples.median
    imagesPerSecondMin = allImages / samples.maximum
    imagesPerSecondMax = allImages / samples.minimum
    imagesPerSecondAThread = imagesPerSecond / allThreads
    imagesPerProcessorSecond = allImages * Double(timing.calls * timing.repetitions) / taken
    pixelBytesPerSecond = imagesPerSecond * Double(dataset.shape.count)
  }

  /// Loads every image once.
  ///
  /// - Throws: `DataError` when one cannot be read.
  private static func load(_ loader: BatchLoader, threads: Int) throws {
    let failure = Mutex<DataError?>(nil)
    let next = Atomic(0)
    DispatchQueue.concurrentPerform(iterations: threads) { _ in
      let size = loader.shape.count
      var images = [Float](repeating: 0, count: batch * size)
      var targets = [ClassTarget](repeating: ClassTarget(0), count: batch)
      var samples = [UInt32](repeating: 0, count: batch)
      while true {
        let first = next.add(batch, ordering: .relaxed).oldValue
        guard first < loader.count else { return }
        let positions = first..<min(first + batch, loader.count)
        do throws(DataError) {
          var allImages = images.mutableSpan
          var allTargets = targets.mutableSpan
          var allSamples = samples.mutableSpan
          var ownImages = allImages[slice: 0..<positions.count * size]
          var ownTargets = allTargets[slice: 0..<positions.count]
          var ownSamples = allSamples[slice: 0..<positions.count]
          try loader.load(positions, images: &ownImages, targets: &ownTargets, samples: &ownSamples)
        } catch {
          failure.withLock { $0 = $0 ?? error }
          return
        }
      }
    }
    if let error = failure.withLock({ $0 }) { throw error }
  }

  var text: String {
    let facts = [
      ("data", "\(data): \(grouped(images)) images, \(shape)"),
      ("augmentation", augmentation.rawValue),
      ("threads", "\(threads) a rank"),
      (
        "images/s",
        "\(grouped(imagesPerSecond)) (\(grouped(imagesPerSecondMin)) to \(grouped(imagesPerSecondMax)))"
      ),
      ("... a thread", grouped(imagesPerSecondAThread)),
      ("... a CPU second", grouped(imagesPerProcessorSecond)),
      ("pixels", "\(decimal(pixelBytesPerSecond / 1e9, 2)) GB/s"),
    ]
    return reportText(benchmark, environment, repetitions, ranks, facts)
  }
}
