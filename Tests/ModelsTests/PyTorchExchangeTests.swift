import Networks
import Tensors
import TestSupport
import Testing

/// Arenas as PyTorch's tensors and back.
@Suite struct PyTorchExchangeTests {
  /// An arena of which every number is its own place.
  private func places(_ count: Int) -> [Float] { (0..<count).map(Float.init) }

  private func network(_ name: String) throws -> Network { try Network(ModelDescription(named: name)) }

  @Test func namesAndShapesArePyTorchs() throws {
    let network = try network("mnist-bn")
    let arena = places(network.layout.parameterCount)
    let tensors = try network.exported(arena.span, batchesTracked: 12)
    #expect(
      tensors.prefix(7).map { "\($0.name) \($0.shape)" } == [
        "conv1.weight [32, 1, 3, 3]", "bn1.weight [32]", "bn1.bias [32]", "bn1.running_mean [32]",
        "bn1.running_var [32]", "bn1.num_batches_tracked []", "conv2.weight [32, 32, 3, 3]",
      ])
    #expect(tensors[5].values == .integers([12]))
    #expect(tensors.first { $0.name == "fc1.weight" }?.shape == [128, 1024])
  }

  /// Each number is where the definition of PyTorch's order says, written out for a filter and a dense layer.
  @Test func numbersAreInPyTorchsOrder() throws {
    let network = try network("mnist-cnn")
    let arena = places(network.layout.parameterCount)
    let tensors = try network.exported(arena.span)
    func numbers(_ name: String) throws -> (theirs: [Float], start: Int) {
      let tensor = try #require(tensors.first { $0.name == name })
      guard case .floats(let numbers) = tensor.values else { return ([], 0) }
      return (numbers, network.layout.tensors.first { $0.name == name }!.range.lowerBound)
    }
    let filter = try numbers("conv2.weight")
    for (k, c, h, w) in [(0, 0, 0, 0), (5, 7, 1, 2), (63, 31, 2, 2), (1, 0, 0, 1)] {
      let own = filter.start + ((h * 3 + w) * 32 + c) * 64 + k
      #expect(filter.theirs[((k * 32 + c) * 3 + h) * 3 + w] == Float(own))
    }
    // Behind pooling the image is 5 x 5 x 64.
    let dense = try numbers("fc1.weight")
    for (unit, c, h, w) in [(0, 0, 0, 0), (5, 7, 1, 2), (127, 63, 4, 4), (1, 1, 0, 0)] {
      let own = dense.start + ((h * 5 + w) * 64 + c) * 128 + unit
      #expect(dense.theirs[unit * 1600 + (c * 5 + h) * 5 + w] == Float(own))
    }
    let bias = try numbers("fc2.bias")
    #expect(bias.theirs == (0..<10).map { Float(bias.start + $0) })
  }

  @Test(arguments: ["mnist-cnn", "mnist-bn", "lenet5"])
  func whatIsExportedComesBack(_ name: String) throws {
    let network = try network(name)
    for (part, prefix) in [(.parameters, ""), (.trainable, "optimizer.velocity.")]
      as [(ParameterLayout.Part, String)]
    {
      let count = part == .trainable ? network.layout.trainable.count : network.layout.parameterCount
      let arena = places(count)
      let tensors = try network.exported(arena.span, part, prefix: prefix)
      #expect(tensors.allSatisfy { $0.name.hasPrefix(prefix) })
      #expect(
        (tensors.contains { $0.name.hasSuffix("running_var") }) == (name == "mnist-bn" && part == .parameters)
      )
      var again = [Float](repeating: -1, count: count)
      var span = again.mutableSpan
      try network.restore(tensors.reversed(), part, prefix: prefix, from: "f", to: &span)
      for tensor in network.layout.tensors where part == .parameters || tensor.kind == .trainable {
        #expect(again[tensor.range] == arena[tensor.range], "\(tensor.name)")
      }
    }
  }

  @Test func countersOfBatchesMayBeMissing() throws {
    let network = try network("mnist-bn")
    let arena = places(network.layout.parameterCount)
    let tensors = try network.exported(arena.span).filter { !$0.name.hasSuffix("num_batches_tracked") }
    var again = arena
    var span = again.mutableSpan
    try network.restore(tensors, from: "f", to: &span)
    #expect(again == arena)
  }

  @Test func whatDoesNotFitIsSaid() throws {
    let network = try network("mnist-cnn")
    let arena = places(network.layout.parameterCount)
    let tensors = try network.exported(arena.span)
    func problem(_ tensors: [NamedTensor]) -> String {
      var target = arena
      var span = target.mutableSpan
      do {
        try network.restore(tensors, from: "f", to: &span)
        return ""
      } catch {
        return error.description
      }
    }
    #expect(problem(tensors) == "")
    #expect(
      problem(tensors.dropLast()).hasPrefix("f: expected fc2.bias, as model mnist-cnn has, found no such"))
    #expect(
      problem(tensors + [NamedTensor("x", [1], .floats([0]))])
        == "f: expected the tensors of model mnist-cnn alone, found also x")
    #expect(
      problem(tensors.map { NamedTensor("module.\($0.name)", $0.shape, $0.values) }).contains(
        "expected conv1.weight, conv1.bias, conv2.weight, conv2.bias and 4 more, as model mnist-cnn has, found "
          + "module.conv1.bias"))
    var changed = tensors
    changed[0] = NamedTensor("conv1.weight", [3, 3, 1, 32], tensors[0].values)
    #expect(
      problem(changed)
        == "f: expected tensor conv1.weight in shape [32, 1, 3, 3], as model mnist-cnn has it, found shape "
        + "[3, 3, 1, 32]")
    changed[0] = NamedTensor("conv1.weight", [32, 1, 3, 3], .integers([Int64](repeating: 0, count: 288)))
    #expect(problem(changed).hasSuffix("to hold floating-point numbers, found integers"))
  }
}
