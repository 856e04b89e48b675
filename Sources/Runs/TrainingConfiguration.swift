import Data
import Kernels
import Parallel
import Reporting
import Tensors

/// Everything that decides a training run. Two runs with equal configurations on equally many ranks and
/// threads give equal weights.
package struct TrainingConfiguration: Codable, Equatable, Sendable {
  package enum OptimizerKind: String, Codable, CaseIterable, Sendable {
    case sgd, adam, adamw, lars, lamb

    /// Says whether the rule has a momentum that can be set.
    package var hasMomentum: Bool { self == .sgd || self == .lars }
  }
  package enum Scaling: String, Codable, CaseIterable, Sendable { case linear, none }
  package enum ScheduleKind: String, Codable, CaseIterable, Sendable { case constant, cosine, step }
  package enum Switch: String, Codable, CaseIterable, Sendable { case on, off }
  /// What gradients are on the wire.
  package enum Compression: String, Codable, CaseIterable, Sendable {
    case none, bf16, fp16

    var format: HalfPrecision? { HalfPrecision(rawValue: rawValue) }
  }
  /// What a run writes down besides `run.json`: `csv` is `metrics.csv` alone.
  package enum Records: String, Codable, CaseIterable, Sendable { case all, csv }

  /// `synthetic`, or a directory or file.
  package var data = "synthetic"
  package var dataOptions = DataOptions()
  /// Where the test images come from; nil for `data`.
  package var testData: String?
  /// Use only the first images; nil for all.
  package var trainSamples: Int?
  package var testSamples: Int?
  /// Share of the training images that is held out for validation; nil for none.
  package var validationSplit: Double?
  /// A name of the zoo, or the path of a JSON file.
  package var model = "mnist-cnn"
  /// The shape of images that the network takes; nil for that of the data, or of photographs that of `model`.
  package var input: Shape?
  /// Classes that the network tells apart; nil for as many as the data has.
  package var classes: Int?
  /// Run directory or safetensors file with the weights to start from; nil for random ones.
  package var weights: String?
  /// Layers that are not trained, see `Network.freezing`.
  package var freeze: [String] = []
  /// The head of `weights` is left out: the model's has as many classes as the data, and starts with random weights.
  package var replaceHead = false
  /// Which algorithms convolutions may use.
  package var convolution = ConvolutionMethod.auto

  package var epochs = 5
  /// Samples a step and rank.
  package var batchSize = 64
  /// Samples a step of all ranks together; nil for `batchSize` times ranks.
  package var globalBatch: Int?
  /// Nil for `BatchSchedule.defaultMicroBatch`.
  package var microBatch: Int?
  /// Batches whose gradients are summed before an update: a global batch so many times as large.
  package var accumulate = 1
  /// Threads a rank; nil for the cores that the rank has to itself.
  package var threads: Int?
  /// Threads a rank that decode images ahead; nil for the cores that `threads` leaves of the rank's.
  package var loaderThreads: Int?
  package var seed: UInt64 = 1
  /// Epochs without a better accuracy after which training ends; nil for all epochs.
  package var earlyStopping: Int?

  package var optimizer = OptimizerKind.sgd
  /// The learning rate of one rank.
  package var learningRate = 0.01
  /// Nil for linear, or none where the global batch is given and so does not grow with the ranks.
  package var learningRateScaling: Scaling?
  package var warmupEpochs = 1.0
  /// The rate that warm-up starts from; nil for `learningRate`.
  package var warmupLearningRate: Double?
  package var schedule = ScheduleKind.cosine
  /// The step schedule multiplies the rate by a factor after so many epochs.
  package var stepEpochs = 10.0
  package var stepFactor = 0.1
  package var momentum = 0.95
  package var nesterov = Switch.on
  package var weightDecay = 0.0

  package var normalization = NormalizationChoice.measured
  /// Images in files that are read to measure it.
  package var normalizationSamples = 10_000
  package var augmentation = AugmentationKind.none
  /// The least share of a photo's area that a resized crop takes.
  package var cropArea = 0.08
  package var colorJitter: ColorJitter?
  /// The side of the square that is cut out, in pixels; nil for none.
  package var cutout: Int?
  /// Parameters of the beta distributions of mixup and CutMix; nil for none.
  package var mixup: Double?
  package var cutMix: Double?
  package var labelSmoothing = 0.0
  /// Largest norm of a step's gradients; nil for any.
  package var clipNorm: Double?
  /// The decay of the weights' moving average; nil for none.
  package var averageDecay: Double?

  /// Directory for the results; nil for `runs/<time>`.
  package var out: String?
  /// A run that the directory holds may be replaced.
  package var overwrite = false
  /// `auto`, or the path of a run or checkpoint; nil for a new run.
  package var resume: String?
  /// How often checkpoints are written, and how many are kept.
  package var saveEvery = SaveInterval.epochs(1)
  package var keep = 3
  /// The same bits on any number of ranks.
  package var reproducible = false
  /// Ranks compare their parameters after so many steps.
  package var replicaGuard = 100
  package var records = Records.all
  /// Steps from one line of `metrics.jsonl` to the next.
  package var logEvery = 50
  package var verbosity = Verbosity.normal
  /// Write a trace of all ranks.
  package var trace = false
  /// Form of the gradients between ranks.
  package var compression = Compression.none
  /// Sum within each host before between hosts.
  package var hierarchical = false
  package var stallLimits = StallLimits()
  /// KiB (1,024 bytes) of gradients that are reduced in one piece.
  package var bucketKilobytes = 256

  package init() {}
}

extension TrainingConfiguration {
  /// What a configuration of an earlier version does not say has its default.
  package init(from decoder: any Decoder) throws {
    self.init()
    let stored = try decoder.container(keyedBy: CodingKeys.self)
    func take<Value: Decodable>(_ field: WritableKeyPath<Self, Value>, _ key: CodingKeys) throws {
      if let value = try stored.decodeIfPresent(Value.self, forKey: key) { self[keyPath: field] = value }
    }
    try take(\.data, .data)
    try take(\.dataOptions, .dataOptions)
    try take(\.testData, .testData)
    try take(\.trainSamples, .trainSamples)
    try take(\.testSamples, .testSamples)
    try take(\.validationSplit, .validationSplit)
    try take(\.model, .model)
    try take(\.input, .input)
    try take(\.classes, .classes)
    try take(\.weights, .weights)
    try take(\.freeze, .freeze)
    try take(\.replaceHead, .replaceHead)
    try take(\.convolution, .convolution)

    try take(\.epochs, .epochs)
    try take(\.batchSize, .batchSize)
    try take(\.globalBatch, .globalBatch)
    try take(\.microBatch, .microBatch)
    try take(\.accumulate, .accumulate)
    try take(\.threads, .threads)
    try take(\.loaderThreads, .loaderThreads)
    try take(\.seed, .seed)
    try take(\.earlyStopping, .earlyStopping)

    try take(\.optimizer, .optimizer)
    try take(\.learningRate, .learningRate)
    try take(\.learningRateScaling, .learningRateScaling)
    try take(\.warmupEpochs, .warmupEpochs)
    try take(\.warmupLearningRate, .warmupLearningRate)
    try take(\.schedule, .schedule)
    try take(\.stepEpochs, .stepEpochs)
    try take(\.stepFactor, .stepFactor)
    try take(\.momentum, .momentum)
    try take(\.nesterov, .nesterov)
    try take(\.weightDecay, .weightDecay)

    try take(\.normalization, .normalization)
    try take(\.normalizationSamples, .normalizationSamples)
    try take(\.augmentation, .augmentation)
    try take(\.cropArea, .cropArea)
    try take(\.colorJitter, .colorJitter)
    try take(\.cutout, .cutout)
    try take(\.mixup, .mixup)
    try take(\.cutMix, .cutMix)
    try take(\.labelSmoothing, .labelSmoothing)
    try take(\.clipNorm, .clipNorm)
    try take(\.averageDecay, .averageDecay)

    try take(\.out, .out)
    try take(\.overwrite, .overwrite)
    try take(\.resume, .resume)
    try take(\.saveEvery, .saveEvery)
    try take(\.keep, .keep)
    try take(\.reproducible, .reproducible)
    try take(\.replicaGuard, .replicaGuard)
    try take(\.records, .records)
    try take(\.logEvery, .logEvery)
    try take(\.verbosity, .verbosity)
    try take(\.trace, .trace)
    try take(\.compression, .compression)
    try take(\.hierarchical, .hierarchical)
    try take(\.stallLimits, .stallLimits)
    try take(\.bucketKilobytes, .bucketKilobytes)
  }
}
