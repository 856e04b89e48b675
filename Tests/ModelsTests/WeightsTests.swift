import Data
import Files
import Models
import Networks
import Tensors
import TestSupport
import Testing

/// Weights that are not finite are refused where they come in and where they go out, by the tensor's name.
@Suite struct FiniteWeightsTests {
  private func network() throws -> Network { try Network(ModelDescription(named: "mnist-bn")) }

  /// The network's tensors, of which one has another number at some places.
  private func tensors(
    _ network: Network, _ name: String, _ value: Float, at places: Range<Int>
  ) throws -> [NamedTensor] {
    let arena = [Float](repeating: 0.5, count: network.layout.parameterCount)
    return try network.exported(arena.span).map { tensor in
      guard tensor.name == name, case .floats(var numbers) = tensor.values else { return tensor }
      for place in places { numbers[place] = value }
      return NamedTensor(tensor.name, tensor.shape, .floats(numbers))
    }
  }

  private func problem(_ name: String, _ value: Float, at places: Range<Int>) throws -> String {
    let network = try network()
    var arena = [Float](repeating: 0, count: network.layout.parameterCount)
    var span = arena.mutableSpan
    do {
      try network.restore(tensors(network, name, value, at: places), from: "f", to: &span)
      return ""
    } catch {
      return "\(error)"
    }
  }

  @Test(arguments: [Float.nan, .infinity, -.infinity])
  func areRefusedOnReading(_ value: Float) throws {
    for name in ["conv1.weight", "fc2.bias", "bn3.running_mean", "bn3.running_var"] {
      let count = name == "conv1.weight" ? 288 : name == "fc2.bias" ? 10 : 64
      #expect(
        try problem(name, value, at: 2..<5).hasPrefix(
          "f: expected tensor \(name) to hold numbers that are finite in 32 bits, found 3 of \(count) "))
    }
  }

  @Test func variancesBelowZeroAreRefused() throws {
    #expect(
      try problem("bn2.running_var", -1e-6, at: 0..<2)
        == "f: expected tensor bn2.running_var to hold variances of at least 0, found 2 of 32 below")
    for (name, value) in [("bn2.running_var", 0), ("bn2.running_var", -0.0), ("bn2.running_mean", -1)]
      as [(String, Float)]
    {
      #expect(try problem(name, value, at: 0..<2) == "")
    }
    #expect(try problem("conv1.weight", .greatestFiniteMagnitude, at: 0..<288) == "")
  }

  @Test func areNotWritten() throws {
    let network = try network()
    let place = network.layout.tensors.first { $0.name == "bn1.running_var" }!.range
    let parameters = SharedBuffer<Float>(repeating: 1, count: network.layout.parameterCount)
    var values = parameters.mutableSpan
    values[place.lowerBound + 3] = .nan
    let error = #expect(throws: NotFiniteError.self) {
      try network.exported(parameters.span, prefix: "average.")
    }
    #expect(error?.tensor == "average.bn1.running_var" && error?.count == 1 && error?.total == 32)
    try withTemporaryDirectory { directory in
      let model = TrainedModel(network, parameters, Normalization(mean: [0], deviation: [1]))
      #expect(throws: NotFiniteError.self) { try model.write(to: "\(directory)/m", version: "1") }
      #expect(throws: FileError.self) { try readFile("\(directory)/m") }
    }
  }

  /// 1e300 is a number in 64 bits and none in 32.
  @Test func overflowOnReadingCounts() throws {
    let layers = [Dense(units: 2, bias: false)]
    let network = try Network(ModelDescription(name: "m", input: Shape(1, 1, 1), layers: layers))
    let header = #"{"fc1.weight":{"dtype":"F64","shape":[2,1],"data_offsets":[0,16]}}"#
    let length = (0..<8).map { UInt8(truncatingIfNeeded: header.utf8.count >> (8 * $0)) }
    let numbers = [1.5, 1e300].flatMap { number in
      (0..<8).map { UInt8(truncatingIfNeeded: number.bitPattern >> UInt64(8 * $0)) }
    }
    let file = try SafetensorsFile(bytes: length + Array(header.utf8) + numbers, path: "f")
    var arena = [Float](repeating: 0, count: network.layout.parameterCount)
    var span = arena.mutableSpan
    let error = #expect(throws: ModelError.self) { try network.restore(file.load(), from: "f", to: &span) }
    #expect(
      error?.description.contains("fc1.weight to hold numbers that are finite in 32 bits, found 1 of 2")
        == true)
  }
}

/// Weights of a model that told other classes apart.
@Suite struct ReplacedHeadTests {
  private func network(_ classes: Int, middle: Int = 4) throws -> Network {
    try Network(
      ModelDescription(
        name: "m", input: Shape(2, 2, 1), layers: [Dense(units: middle), ReLU(), Dense(units: classes)]))
  }

  /// A file of weights that are all 7, as a checkpoint with averages has them, or not.
  private func file(_ network: Network, prefix: String = "") throws -> WeightsFile {
    let arena = [Float](repeating: 7, count: network.layout.parameterCount)
    let tensors = try network.exported(arena.span, prefix: prefix)
    return try withTemporaryDirectory { directory in
      try SafetensorsContents(tensors: tensors).write(to: "\(directory)/f")
      return try WeightsFile(path: "\(directory)/f")
    }
  }

  @Test(arguments: ["", "average."]) func theHeadIsRandomAndTheRestTheFiles(prefix: String) throws {
    let network = try network(3)
    let head = try #require(network.head)
    #expect(head.name == "fc2")
    let weights = try file(self.network(9), prefix: prefix)
    let (parameters, notes) = try weights.weights(of: network, besides: head, seed: 6)
    var fresh = [Float](repeating: 0, count: network.layout.parameterCount)
    var span = fresh.mutableSpan
    network.initialize(&span, seed: 6)
    for (index, tensor) in network.layout.tensors.enumerated() {
      let numbers = parameters.array()[tensor.range]
      let expected = head.tensors.contains(index) ? Array(fresh[tensor.range]) : numbers.map { _ in 7 }
      #expect(Array(numbers) == expected, "\(tensor.name)")
    }
    #expect(notes.isEmpty)
  }

  /// Only where nothing but the number of classes is wrong can another head help.
  @Test func onlyOtherClassesAreCalledThat() throws {
    func error(_ other: Network) throws -> ModelError? {
      let weights = try file(other)
      return #expect(throws: ModelError.self) { try weights.weights(of: self.network(3)) }
    }
    let classes = try error(network(9))
    #expect(classes?.cause == .otherClasses)
    #expect(
      classes?.description.hasSuffix(
        "f: expected tensor fc2.weight in shape [3, 4], as model m has it, found shape [9, 4]: 9 classes, not 3"
      )
        == true)
    let middle = try error(network(9, middle: 5))
    #expect(middle?.cause == nil && middle?.description.contains("fc1.weight") == true)
  }
}

/// Names as PyTorch's wrappers around a model leave them.
@Suite struct WrapperNamesTests {
  private func read(_ rename: (String) -> String, more: [NamedTensor] = []) throws -> TrainedModel {
    let network = try Network(ModelDescription(named: "lenet5"))
    let arena = (0..<network.layout.parameterCount).map(Float.init)
    let tensors = try network.exported(arena.span).map { NamedTensor(rename($0.name), $0.shape, $0.values) }
    return try withTemporaryDirectory { directory in
      let path = "\(directory)/w.safetensors"
      try SafetensorsContents(tensors: tensors + more).write(to: path)
      let model = try TrainedModel(ModelSource(model: "lenet5", weights: path))
      for tensor in network.layout.tensors {
        #expect(Array(model.parameters.array()[tensor.range]) == Array(arena[tensor.range]), "\(tensor.name)")
      }
      return model
    }
  }

  private func counter(_ name: String) -> NamedTensor { NamedTensor(name, [], .integers([3])) }

  @Test func areLeftOutAndSaid() throws {
    #expect(try read { $0 }.notes.isEmpty)
    for prefix in [
      "module.", "_orig_mod.", "_orig_mod.module.", "module._orig_mod.", "module.module._orig_mod.",
    ] {
      let notes = try read { prefix + $0 }.notes
      #expect(notes.count == 1 && notes[0].hasSuffix("w.safetensors begin with \(prefix), which is left out"))
    }
  }

  /// `AveragedModel` within others has its counter behind their prefixes.
  @Test(arguments: [
    ("module.", "n_averaged"), ("_orig_mod.module.", "_orig_mod.n_averaged"),
    ("module.module.", "module.n_averaged"), ("module._orig_mod.", "n_averaged"),
  ])
  func countersOfAveragedModelsAreLeftOut(_ prefix: String, _ name: String) throws {
    #expect(try read({ prefix + $0 }, more: [counter(name)]).notes.count == 1)
  }

  @Test func stayWhereNotAllHaveThem() throws {
    for rename in [
      { $0.hasPrefix("fc") ? "module." + $0 : $0 }, { "model." + $0 },
      { $0.hasPrefix("fc") ? "module." + $0 : "_orig_mod." + $0 },
    ] as [(String) -> String] {
      #expect(throws: ModelError.self) { try read(rename) }
    }
    #expect(throws: ModelError.self) { try read({ "module." + $0 }, more: [counter("other")]) }
  }

  /// A layer may be called like that.
  @Test func ownNamesStay() throws {
    let json =
      #"{"name": "m", "input": [1, 1, 2], "layers": [{"type": "dense", "name": "module.a", "units": 2}]}"#
    let network = try Network(ModelDescription(json: Array(json.utf8), path: "f"))
    for prefix in ["", "module."] {
      try withTemporaryDirectory { directory in
        let arena = [Float](repeating: 1, count: network.layout.parameterCount)
        let tensors = try network.exported(arena.span, prefix: prefix)
        try SafetensorsContents(metadata: ["model": json], tensors: tensors).write(to: "\(directory)/w")
        #expect(
          try TrainedModel(ModelSource(model: "\(directory)/w")).notes.count == (prefix.isEmpty ? 0 : 1))
      }
    }
  }
}
