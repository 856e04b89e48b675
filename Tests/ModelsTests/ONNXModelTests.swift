import Data
import Foundation
import Models
import Networks
import Tensors
import TestSupport
import Testing

/// Networks as ONNX files: ONNX Runtime gives the logits that the plan gives.
@Suite struct ONNXModelTests {
  /// Windows that are not square, and a dense layer before batch normalisation.
  static let odd = """
    {"name": "odd", "input": [28, 20, 3], "layers": [
      {"type": "conv2d", "name": "first", "filters": 7, "kernel": [5, 3], "stride": [2, 1], "padding": [2, 0],
       "bias": false},
      {"type": "batch_norm", "epsilon": 0.001}, {"type": "relu"},
      {"type": "average_pool2d", "size": [2, 3], "stride": 2, "padding": 1},
      {"type": "conv2d", "filters": 9, "kernel": 3, "padding": 1}, {"type": "relu"},
      {"type": "max_pool2d", "size": 3, "stride": 2, "padding": 1},
      {"type": "dropout", "rate": 0.25},
      {"type": "dense", "units": 33}, {"type": "batch_norm"}, {"type": "relu"},
      {"type": "dense", "units": 10, "bias": false}
    ]}
    """

  /// Names that the graph has for its own, a convolution and a pooling behind a dense layer, and logits behind a
  /// layer that does nothing.
  static let names = """
    {"name": "names", "input": [6, 5, 2], "layers": [
      {"type": "dropout", "rate": 0.25},
      {"type": "conv2d", "name": "images", "filters": 4, "kernel": 2},
      {"type": "relu", "name": "fc/flatten"}, {"type": "batch_norm", "name": "logits"},
      {"type": "dense", "name": "fc", "units": 12},
      {"type": "conv2d", "name": "fc/output", "filters": 7, "kernel": 1},
      {"type": "max_pool2d", "size": 3, "stride": 2, "padding": 1},
      {"type": "dense", "name": "last", "units": 3}, {"type": "dropout", "rate": 0.5}
    ]}
    """

  /// Logits by position, channels fastest.
  static let positions = """
    {"name": "positions", "input": [6, 5, 2], "layers": [{"type": "conv2d", "filters": 4, "kernel": 3}]}
    """

  /// Values with several readers, sums of three, products with factors by channel, by position and of a dense
  /// layer, and channels of zeros, flat ones too.
  static let branches = """
    {"name": "branches", "input": [9, 8, 3], "layers": [
      {"type": "conv2d", "name": "a", "filters": 6, "kernel": 3, "padding": 1},
      {"type": "pad_channels", "name": "b", "before": 1, "after": 2, "inputs": ["input"]},
      {"type": "max_pool2d", "name": "c", "size": 3, "stride": 1, "padding": 1, "inputs": ["a"]},
      {"type": "add", "name": "sum", "inputs": ["a", "b", "c"]}, {"type": "relu"},
      {"type": "concat", "name": "wide", "inputs": ["sum", "relu1", "input"]},
      {"type": "dense", "name": "gate", "units": 15},
      {"type": "multiply", "name": "scaled", "inputs": ["wide", "gate"]},
      {"type": "conv2d", "name": "map", "filters": 1, "kernel": 1, "inputs": ["scaled"]},
      {"type": "multiply", "name": "masked", "inputs": ["scaled", "map"]},
      {"type": "dense", "name": "d", "units": 5},
      {"type": "pad_channels", "name": "more", "before": 2},
      {"type": "concat", "name": "flat", "inputs": ["d", "more", "gate"]},
      {"type": "batch_norm"}, {"type": "dense", "name": "last", "units": 4}
    ]}
    """

  /// Models of the zoo, but those of more than 100 million parameters, and the ones above.
  static let models =
    ModelZoo.models.map(\.name).filter { !$0.hasPrefix("vgg") } + [odd, names, positions, branches]

  /// A model with random weights and statistics.
  static func model(_ text: String) throws -> TrainedModel {
    let description =
      text.hasPrefix("{")
      ? try ModelDescription(json: Array(text.utf8), path: "a test") : try ModelDescription(named: text)
    let network = try Network(description)
    let parameters = SharedBuffer<Float>(repeating: 0, count: network.layout.parameterCount)
    var values = parameters.mutableSpan
    network.initialize(&values, seed: 1)
    for (index, tensor) in network.layout.tensors.enumerated() where tensor.shape.count == 1 {
      let random = randomNumbers(tensor.range.count, seed: UInt64(index))
      for (place, number) in zip(tensor.range, random) { values[place] += 0.3 * number }
    }
    let channels = network.input.channels
    return TrainedModel(
      network, parameters,
      Normalization(
        mean: [Float](repeating: 0.25, count: channels), deviation: [Float](repeating: 0.5, count: channels)))
  }

  /// The logits of random images, and these, (N, H, W, C).
  private func logits(
    of model: TrainedModel, count: Int
  ) -> (images: [Float], logits: [Float]) {
    let plan = Plan(model.network, maximumBatch: count, seed: 1, forwardOnly: true)
    plan.pass.count = count
    plan.pass.mode = .evaluation
    let pixels = randomNumbers(count * model.network.input.count, seed: 2)
    plan.withInputs { images, _, _ in images.copy(from: pixels.span) }
    let parameters = model.parameters
    plan.forward(parameters: parameters.span)
    return (pixels, plan.withLogits { logits in logits.indices.map { logits[$0] } })
  }

  /// The first image alone, the others together.
  private static let reader = """
    import sys
    import numpy as np, onnx, onnxruntime
    model, images, logits = sys.argv[1:4]
    height, width, channels = map(int, sys.argv[4:])
    onnx.checker.check_model(model, full_check=True)
    session = onnxruntime.InferenceSession(model, providers=["CPUExecutionProvider"])
    x = np.fromfile(images, np.float32).reshape(-1, height, width, channels).transpose(0, 3, 1, 2)
    parts = [session.run(["logits"], {"images": part})[0] for part in (x[:1], x[1:])]
    np.save(logits, np.concatenate(parts).astype(np.float32))
    """

  @Test(.enabled(if: Python.isThere, Comment(rawValue: Python.hint)), arguments: models)
  func onnxRuntimeGivesTheSameLogits(_ text: String) throws {
    let model = try Self.model(text)
    try withTemporaryDirectory { directory in
      let paths = ["model.onnx", "images.f32", "logits.npy"].map { "\(directory)/\($0)" }
      let written = try model.writeONNX(to: paths[0], version: "1.2.3")
      #expect(written.bytes == (try Data(contentsOf: URL(fileURLWithPath: paths[0])).count))
      let (images, expected) = logits(of: model, count: 4)
      try images.withUnsafeBytes { Data($0) }.write(to: URL(fileURLWithPath: paths[1]))
      let shape = model.network.input
      _ = try Python.run(Self.reader, paths + ["\(shape.height)", "\(shape.width)", "\(shape.channels)"])
      let found = try readNPY(paths[2])
      #expect(found.header.contains("(4, \(model.network.classes))"), "\(found.header)")
      let largest = expected.reduce(0) { max($0, abs($1)) }
      #expect(largest > 1e-3)
      expectClose(
        found.numbers, expected.doubles, tolerance: 1e-4, model.network.description.name)
    }
  }

  /// A layer without is found when a model has it, and here.
  @Test func everyLayerHasAnExport() {
    for type in layerTypes {
      #expect(type is any ONNXExportable.Type, "\(type) has no counterpart in Sources/Models/ONNX")
    }
  }

  @Test(.enabled(if: Python.isThere, Comment(rawValue: Python.hint)))
  func filesSayWhatTheyHold() throws {
    let script = """
      import json, sys, onnx
      model = onnx.load(sys.argv[1])
      graph, metadata = model.graph, {entry.key: entry.value for entry in model.metadata_props}
      print(model.ir_version, model.producer_name, model.producer_version, graph.name)
      print([(entry.domain, entry.version) for entry in model.opset_import])
      for value in (*graph.input, *graph.output):
          dimensions = value.type.tensor_type.shape.dim
          print(value.name, value.type.tensor_type.elem_type, [d.dim_param or d.dim_value for d in dimensions])
      print(" ".join(node.name + ":" + node.op_type for node in graph.node))
      print(" ".join(f"{tensor.name}{list(tensor.dims)}" for tensor in graph.initializer))
      print(sorted(metadata), metadata["channel_order"], metadata["layout"])
      print(json.loads(metadata["normalization"]), json.loads(metadata["model"])["layers"][0]["name"])
      """
    try withTemporaryDirectory { directory in
      let path = "\(directory)/model.onnx"
      let written = try Self.model(Self.odd).writeONNX(to: path, version: "1.2.3")
      #expect(written.nodes == 12 && written.parameters == 7_274)
      #expect(
        try Python.run(script, [path]) == """
          8 cnn-mpi 1.2.3 odd
          [('', 17)]
          images 1 ['N', 3, 28, 20]
          logits 1 ['N', 10]
          first:Conv bn1:BatchNormalization relu1:Relu pool1:AveragePool conv2:Conv relu2:Relu pool2:MaxPool \
          fc1/flatten:Flatten fc1:Gemm bn2:BatchNormalization relu3:Relu fc2:Gemm
          first.weight[7, 3, 5, 3] bn1.weight[7] bn1.bias[7] bn1.running_mean[7] bn1.running_var[7] \
          conv2.weight[9, 7, 3, 3] conv2.bias[9] fc1.weight[33, 180] fc1.bias[33] bn2.weight[33] bn2.bias[33] \
          bn2.running_mean[33] bn2.running_var[33] fc2.weight[10, 33]
          ['channel_order', 'layout', 'model', 'normalization', 'program'] RGB NCHW
          {'deviation': [0.5, 0.5, 0.5], 'mean': [0.25, 0.25, 0.25]} first

          """)
    }
  }

  @Test func whatIsTooLargeIsNotWritten() throws {
    try withMissingPath { path in
      let graph = ONNXGraph(input: Shape(1, 1, 2))
      let file = ONNXFile(name: "large", graph: graph, classes: 2, version: "1")
      let error = #expect(throws: ONNXSizeError.self) { try file.write(to: path, limit: 64) }
      #expect(error?.description.contains("expected a model of less than 64 bytes, as an ONNX file") == true)
      #expect(!FileManager.default.fileExists(atPath: path))
    }
  }
}
