import Data
import Files
import Networks
import Tensors

/// What `cnn-mpi import` is to do.
package struct ImportConfiguration: Sendable {
  /// A safetensors file, or one of PyTorch's.
  package var file = ""
  /// A name of the zoo, or the path of a JSON file.
  package var model = ""
  /// The safetensors file to write.
  package var out = ""
  /// A JSON file of the network's layers or tensors by the file's names for them; nil for none.
  package var names: String?
  /// A file of the classes' names; nil for none.
  package var classes: String?
  /// The mean and the standard deviation of pixels in 0...1, by channel or one for all; nil for those that the
  /// model's weights are usually made with.
  package var mean: [Double]?
  package var deviation: [Double]?
  /// Pixels of the shorter side before the crop to the network's input; nil for what is usual for the model.
  package var resize: Int?
  package var interpolation: Interpolation?
  package var channels: Preprocessing.ChannelOrder?

  package init() {}
}

/// What was imported, for people.
package struct ImportReport: Sendable {
  package let model: String
  package let tensors: Int
  package let parameters: Int
  /// The library whose names were recognised; nil for the network's own.
  package let library: String?
  package let normalization: Normalization
  package let preprocessing: Preprocessing?
  package let hasClassNames: Bool
}

/// Turns weights of another program into a self-describing model file.
///
/// - Throws: `FileError` or `ModelError` with what was expected and found, `OutputError`.
package func importWeights(_ configuration: ImportConfiguration, version: String) throws -> ImportReport {
  let network = try Network(ModelDescription(named: configuration.model))
  let names = try configuration.names.map { path in
    try decodeJSON(
      [String: String].self, from: readFile(path, as: "a readable file of names"), path: path,
      as: "a JSON object from the file's names to the model's")
  }
  let tensors = try foreignTensors(configuration.file)
  let weights = try ImportedWeights(tensors, for: network, names: names ?? [:], from: configuration.file)
  let usual = UsualPreprocessing(of: network, from: weights.library)
  let preprocessing = try preprocessing(configuration, usual, network)
  let model = TrainedModel(
    network, weights.parameters, try normalization(configuration, usual, network),
    preprocessing: preprocessing,
    classNames: try configuration.classes.map { try ClassNames.read($0, count: network.classes) })
  try model.write(to: configuration.out, version: version)
  return ImportReport(
    model: network.description.name, tensors: network.layout.tensors.count,
    parameters: network.layout.trainableNumbers, library: weights.library, normalization: model.normalization,
    preprocessing: preprocessing, hasClassNames: model.classNames != nil)
}

/// The tensors of a safetensors file, or of one of PyTorch's, told by its content.
private func foreignTensors(_ path: String) throws(FileError) -> [NamedTensor] {
  let bytes = try readFile(path, as: "a readable file of weights")
  if PyTorchFile.isLikely(bytes) { return try PyTorchFile(bytes: bytes, path: path).tensors }
  return try SafetensorsFile(bytes: bytes, path: path).load()
}

private func normalization(
  _ configuration: ImportConfiguration, _ usual: UsualPreprocessing?, _ network: Network
) throws(ModelError) -> Normalization {
  let channels = network.input.channels
  func values(_ given: [Double]?, _ usual: [Float]?, or other: Float, _ name: String) throws(ModelError)
    -> [Float]
  {
    let values = given.map { $0.map(Float.init) } ?? usual ?? [other]
    guard values.count == channels || values.count == 1 else {
      throw ModelError(
        "model \(network.description.name): expected a \(name) for each of its \(channels) channels, found "
          + "\(values.count)")
    }
    return values.count == channels ? values : [Float](repeating: values[0], count: channels)
  }
  return Normalization(
    mean: try values(configuration.mean, usual?.normalization.mean, or: 0, "mean"),
    deviation: try values(configuration.deviation, usual?.normalization.deviation, or: 1, "deviation"))
}

/// Nil where nothing is given and nothing is usual.
private func preprocessing(
  _ configuration: ImportConfiguration, _ usual: UsualPreprocessing?, _ network: Network
) throws(ModelError) -> Preprocessing? {
  let isGiven =
    configuration.resize != nil || configuration.interpolation != nil || configuration.channels != nil
  guard isGiven || usual != nil else { return nil }
  var preprocessing =
    usual?.preprocessing ?? Preprocessing(resize: network.input.height, crop: network.input.height)
  if let resize = configuration.resize { preprocessing.resize = resize }
  if let interpolation = configuration.interpolation { preprocessing.interpolation = interpolation }
  if let channels = configuration.channels { preprocessing.channels = channels }
  if let problem = preprocessing.problem(for: network.input) {
    throw ModelError(
      "model \(network.description.name), preprocessing: expected \(problem.expected), found \(problem.found)"
    )
  }
  return preprocessing
}

/// How weights for ImageNet are usually made.
private struct UsualPreprocessing {
  let normalization: Normalization
  let preprocessing: Preprocessing

  /// Nil for a network that is not one of the zoo's for ImageNet.
  ///
  /// - Parameter library: whose names the weights have; nil for the network's own.
  init?(of network: Network, from library: String?) {
    let name = network.description.name
    guard ModelZoo.models.contains(where: { $0.name == name }), network.input == ModelZoo.imageNet else {
      return nil
    }
    if library == "Keras" {
      // keras.applications.imagenet_utils, mode "caffe": the means of bytes in the order BGR.
      normalization = Normalization(
        mean: [103.939 / 255, 116.779 / 255, 123.68 / 255], deviation: [Float](repeating: 1 / 255, count: 3))
      preprocessing = Preprocessing(resize: 256, crop: network.input.height, channels: .bgr)
      return
    }
    // TensorFlow's EfficientNet-Lite takes (byte - 127) / 128; torchvision's weights the mean and deviation of
    // ImageNet.
    let isLite = name == "efficientnet-lite0"
    normalization =
      isLite
      ? Normalization(
        mean: [Float](repeating: 127.0 / 255, count: 3), deviation: [Float](repeating: 128.0 / 255, count: 3))
      : Normalization(mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225])
    preprocessing = Preprocessing(
      resize: 256, crop: network.input.height, interpolation: isLite ? .bicubic : .bilinear)
  }
}
