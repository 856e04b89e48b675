import Data
import Files
import Models
import Networks
import Tensors
import TestSupport
import Testing

/// `model.safetensors`: what is written and what is refused.
@Suite struct TrainedModelFileTests {
  private func model(classNames: [String]? = nil) throws -> TrainedModel {
    let network = try Network(ModelDescription(named: "mnist-bn"))
    let parameters = SharedBuffer<Float>(repeating: 0, count: network.layout.parameterCount)
    var values = parameters.mutableSpan
    network.initialize(&values, seed: 1)
    return TrainedModel(
      network, parameters, Normalization(mean: [0.1], deviation: [0.3]), classNames: classNames,
      batchesTracked: 42)
  }

  @Test func readsBackWhatItWrites() throws {
    try withTemporaryDirectory { directory in
      let path = "\(directory)/model.safetensors"
      let names = (0..<10).map { "class \"\($0)\"" }
      let written = try model(classNames: names)
      try written.write(to: path, version: "1.2.3")
      for source in [directory, directory + "/", path] {
        let read = try TrainedModel(ModelSource(model: source))
        #expect(read.network.layout.tensors == written.network.layout.tensors)
        #expect(read.parameters.array() == written.parameters.array())
        #expect(read.normalization == written.normalization && read.classNames == names)
      }
      let file = try SafetensorsFile(path: path)
      #expect(file.metadata["format"] == "pt" && file.metadata["program"] == "cnn-mpi 1.2.3")
      let counter = try #require(file.tensors.first { $0.name == "bn1.num_batches_tracked" })
      #expect(try file.load(counter).values == .integers([42]))
      #expect(file.tensors.map(\.name).first == "conv1.weight")
      #expect(file.metadata["model"]?.contains(#""name":"conv1""#) == true)
    }
  }

  /// Weights without a word on their model, as from PyTorch.
  @Test func plainWeightsNeedTheirModel() throws {
    try withTemporaryDirectory { directory in
      let path = "\(directory)/w.safetensors"
      let model = try model()
      let parameters = model.parameters
      try SafetensorsContents(tensors: try model.network.exported(parameters.span)).write(to: path)
      let error = #expect(throws: FileError.self) { try TrainedModel(ModelSource(model: path)) }
      #expect(error?.description.contains("give the file as weights") == true)
      var source = ModelSource(model: "mnist-bn", weights: path)
      #expect(try TrainedModel(source).normalization == Normalization(mean: [0], deviation: [1]))
      source.mean = [0.5]
      source.deviation = [0.25]
      let read = try TrainedModel(source)
      #expect(read.normalization == Normalization(mean: [0.5], deviation: [0.25]))
      #expect(read.parameters.array() == model.parameters.array() && read.classNames == nil)
    }
  }

  @Test(arguments: [
    ("model", "{", "metadata \"model\", line 1, column 2: "),
    ("model", #"{"name": "x"}"#, "\"input\" is missing"),
    ("normalization", "{}", "metadata \"normalization\": expected means and deviations such as"),
    ("normalization", #"{"mean":[0],"deviation":[0]}"#, "expected means and deviations such as"),
    ("normalization", #"{"mean":[0],"deviation":[1e-40]}"#, "expected means and deviations such as"),
    ("normalization", #"{"mean":[0],"mean":[1],"deviation":[1]}"#, "found \"mean\" again"),
    ("normalization", #"{"mean":[1e38],"deviation":[1e-5]}"#, "that bring pixels to finite numbers"),
    (
      "normalization", #"{"mean":[0,1],"deviation":[1,1]}"#, "expected a mean for each of 1 channels, found 2"
    ),
    ("classes", #"["a"]"#, "metadata \"classes\": expected the names of 10 classes, found 1"),
    ("classes", #"["a",]"#, "metadata \"classes\", line 1, column 6: expected a value"),
  ])
  func wrongMetadataIsSaid(_ key: String, _ value: String, _ expected: String) throws {
    try withTemporaryDirectory { directory in
      let path = "\(directory)/model.safetensors"
      try model().write(to: path, version: "1")
      let file = try SafetensorsFile(path: path)
      let changed = file.metadata.merging([key: value]) { $1 }
      try SafetensorsContents(metadata: changed, tensors: file.load()).write(to: path)
      var message = ""
      do { _ = try TrainedModel(ModelSource(model: path)) } catch { message = "\(error)" }
      #expect(message.contains(expected) && message.hasPrefix(path), "\(message)")
    }
  }
}
