import Foundation
import Models
import Tensors
import TestSupport
import Testing

/// What layers do that is no single ONNX operation, against PyTorch.
@Suite(.enabled(if: Python.isThere, Comment(rawValue: Python.hint)))
struct ONNXOperationTests {
  /// A graph of one layer over images of shape `input`, or over the means of their channels too, flat.
  struct Case: Sendable {
    /// The layer in PyTorch, of `x` and, (N, C), `means`.
    let reference: String
    let input: Shape
    let output: Shape
    /// The images and their flat means as inputs, or some of them.
    var reads: [Bool] = [false]
    let layer: @Sendable (inout ONNXGraph, ONNXSite) -> ONNXValue
  }

  static let combinations: [Case] = [
    Case(reference: "x + x", input: Shape(3, 4, 5), output: Shape(3, 4, 5), reads: [false, false]) {
      $0.addCombination("Add", at: $1)
    },
    Case(
      reference: "x * means[:, :, None, None]", input: Shape(3, 4, 5), output: Shape(3, 4, 5),
      reads: [false, true]
    ) { $0.addCombination("Mul", at: $1) },
    Case(
      reference: "means[:, :, None, None] * x", input: Shape(3, 4, 5), output: Shape(3, 4, 5),
      reads: [true, false]
    ) { $0.addCombination("Mul", at: $1) },
    Case(reference: "means + means", input: Shape(3, 4, 5), output: Shape(1, 1, 5), reads: [true, true]) {
      $0.addCombination("Add", at: $1)
    },
    Case(
      reference: "torch.cat([x, x, x], 1)", input: Shape(3, 4, 5), output: Shape(3, 4, 15),
      reads: [false, false, false]
    ) { $0.addCombination("Concat", at: $1, ["axis": .integer(1)]) },
    Case(
      reference: "torch.cat([x, means[:, :, None, None]], 1)", input: Shape(1, 1, 5), output: Shape(1, 1, 10),
      reads: [false, true]
    ) { $0.addCombination("Concat", at: $1, ["axis": .integer(1)]) },
    Case(
      reference: "torch.cat([means, means], 1)", input: Shape(3, 4, 5), output: Shape(1, 1, 10),
      reads: [true, true]
    ) { $0.addCombination("Concat", at: $1, ["axis": .integer(1)]) },
  ]

  static let singles: [Case] = [false, true].flatMap { flat -> [Case] in
    let (what, output) = flat ? ("means", Shape(1, 1, 5)) : ("x", Shape(3, 4, 5))
    func single(_ reference: String, _ layer: @escaping @Sendable (inout ONNXGraph, ONNXSite) -> ONNXValue)
      -> Case
    { Case(reference: reference, input: Shape(3, 4, 5), output: output, reads: [flat], layer: layer) }
    let padded = flat ? "\(what)[:, :, None, None]" : what
    return [
      single("nn.functional.relu6(8 * \(what)) / 8") { $0.addClip(0...0.75, at: $1) },
      single("nn.functional.silu(\(what))") { $0.addSiLU(at: $1) },
      Case(
        reference: "nn.functional.pad(\(padded), (0, 0, 0, 0, 2, 1))", input: Shape(3, 4, 5),
        output: Shape(output.height, output.width, 8), reads: [flat]
      ) { $0.addPaddedChannels(before: 2, after: 1, at: $1) },
    ]
  }

  /// Sizes that divide the input's, that do not, in one direction only, and that are larger.
  static let averages: [Case] = [
    (7, 7, 7, 7), (7, 7, 1, 1), (12, 9, 4, 3), (12, 9, 1, 3), (7, 7, 2, 2), (7, 5, 3, 2), (10, 13, 7, 6),
    (12, 9, 4, 4), (5, 9, 5, 3), (3, 2, 7, 7), (1, 1, 6, 6), (2, 7, 6, 6), (224, 17, 7, 7), (6, 6, 6, 4),
  ].map { height, width, rows, columns in
    Case(
      reference: "nn.functional.adaptive_avg_pool2d(x, (\(rows), \(columns)))",
      input: Shape(height, width, 3),
      output: Shape(rows, columns, 3)
    ) { $0.addAdaptiveAverage(at: $1) }
  }

  /// All outputs flattened, of three random images.
  @Test func operationsAreThoseOfPyTorch() throws {
    let cases = Self.combinations + Self.singles + Self.averages
    try withTemporaryDirectory { directory in
      var arguments: [String] = []
      for (index, item) in cases.enumerated() {
        var graph = ONNXGraph(input: item.input, layers: ["layer", "means"])
        var means = graph.input
        if item.reads.contains(true) {
          let site = ONNXSite(
            name: "means", inputs: [graph.input], output: Shape(1, 1, item.input.channels), tensors: [])
          means = graph.flattened(graph.addAdaptiveAverage(at: site), for: "means")
        }
        let site = ONNXSite(
          name: "layer", inputs: item.reads.map { $0 ? means : graph.input }, output: item.output, tensors: []
        )
        let output = item.layer(&graph, site)
        #expect(output.shape == item.output, "\(item.reference)")
        graph.finish(with: graph.flattened(output, for: "layer"))
        let path = "\(directory)/\(index).onnx"
        try ONNXFile(name: "case", graph: graph, classes: item.output.count, version: "1").write(to: path)
        arguments += [path, item.reference]
      }
      let report = try Python.run(Self.script, arguments)
      #expect(report == "\(cases.count) cases\n", "\(report)")
    }
  }

  private static let script = """
    import sys
    import onnx, onnxruntime, torch
    from torch import nn
    torch.manual_seed(1)
    cases = list(zip(sys.argv[1::2], sys.argv[2::2]))
    for path, reference in cases:
        model = onnx.load(path)
        onnx.checker.check_model(model, full_check=True)
        sizes = [dimension.dim_value for dimension in model.graph.input[0].type.tensor_type.shape.dim[1:]]
        x = torch.randn(3, *sizes)
        means = x.mean((2, 3))
        expected = eval(reference).flatten(1)
        session = onnxruntime.InferenceSession(path, providers=["CPUExecutionProvider"])
        found = torch.from_numpy(session.run(["logits"], {"images": x.numpy()})[0])
        if found.shape != expected.shape or not (found - expected).abs().max() <= 1e-6 * expected.abs().max():
            print(reference, sizes, found.shape, expected.shape, (found - expected).abs().max())
    print(len(cases), "cases")
    """
}
