import Foundation
import TestSupport
import Testing

/// `cnn-mpi model`: a network as a table, JSON, DOT and a picture.
@Suite struct ModelCommandTests {
  private static let block = """
    {"name": "block", "input": [8, 8, 3], "layers": [
      {"type": "conv2d", "name": "a", "filters": 4, "kernel": 3, "padding": 1}, {"type": "relu", "name": "r"},
      {"type": "conv2d", "name": "b \\"q\\"", "filters": 4, "kernel": 3, "padding": 1, "bias": false},
      {"type": "add", "name": "s", "inputs": ["b \\"q\\"", "r"]}, {"type": "dense", "units": 10}
    ]}
    """

  private struct Summary: Decodable {
    struct Layer: Decodable {
      let name: String
      let type: String
      let inputs: [String]
      let output: [Int]
      let parameters: Int
      let megaflop: Double
    }
    let model: String
    let parameters: Int
    let megaflop: Double
    let layers: [Layer]
  }

  private func withBlock(_ body: (_ directory: String, _ path: String) throws -> Void) throws {
    try withTemporaryDirectory { directory in
      let path = "\(directory)/block.json"
      try Self.block.write(toFile: path, atomically: true, encoding: .utf8)
      try body(directory, path)
    }
  }

  @Test func jsonHasLayersAndNumbers() throws {
    try withBlock { _, path in
      let run = try Program.run(["model", path, "--json"])
      #expect(run.exitCode == 0, "\(run.errors)")
      let decoder = JSONDecoder()
      decoder.keyDecodingStrategy = .convertFromSnakeCase
      let summary = try decoder.decode(Summary.self, from: Data(run.output.utf8))
      #expect(summary.model == "block" && summary.parameters == 112 + 144 + 2570)
      #expect(summary.layers.map(\.name) == ["a", "r", "b \"q\"", "s", "fc1"])
      #expect(summary.layers.map(\.type) == ["conv2d", "relu", "conv2d", "add", "dense"])
      #expect(summary.layers.map(\.inputs) == [["input"], ["a"], ["r"], ["b \"q\"", "r"], ["s"]])
      #expect(summary.layers.map(\.output) == [[8, 8, 4], [8, 8, 4], [8, 8, 4], [8, 8, 4], [1, 1, 10]])
      #expect(summary.layers.map(\.parameters) == [112, 0, 144, 0, 2570])
      #expect(abs(summary.layers[0].megaflop - 2e-6 * 64 * 4 * 27) < 1e-9)
      #expect(abs(summary.megaflop - 2e-6 * (64 * 4 * 27 + 64 * 4 * 36 + 2560)) < 1e-9)
    }
  }

  @Test func tableNamesWhatIsNotTheLayerBefore() throws {
    try withBlock { _, path in
      let run = try Program.run(["model", path])
      #expect(run.exitCode == 0, "\(run.errors)")
      let row = try #require(run.output.split(separator: "\n").first { $0.hasPrefix("  s ") })
      #expect(row.contains("b \"q\", r") && row.contains("8x8x4"))
      #expect(run.output.contains("2,826, and 0 running statistics"))
    }
  }

  /// Graphviz reads what is written as DOT: as many nodes and edges as there are layers and inputs.
  @Test(.enabled(if: hasGraphviz, Comment(rawValue: graphvizHint)))
  func graphvizDrawsIt() throws {
    try withBlock { directory, path in
      let dot = try Program.run(["model", path, "--dot"])
      #expect(dot.exitCode == 0 && dot.output.hasPrefix("digraph \"block\" {"))
      for ending in ["svg", "png"] {
        let run = try Program.run(["model", path, "--picture", "\(directory)/block.\(ending)"])
        #expect(run.exitCode == 0, "\(run.errors)")
      }
      let svg = try String(contentsOfFile: "\(directory)/block.svg", encoding: .utf8)
      #expect(svg.ranges(of: "class=\"node\"").count == 6 && svg.ranges(of: "class=\"edge\"").count == 6)
      #expect(svg.contains("b &quot;q&quot;"))
      let png = try Data(contentsOf: URL(fileURLWithPath: "\(directory)/block.png"))
      #expect(png.starts(with: [0x89, 0x50, 0x4E, 0x47]))
    }
  }

  @Test func withoutGraphvizItWritesDOT() throws {
    try withBlock { directory, path in
      let run = try Program.run(
        ["model", path, "--picture", "\(directory)/block.svg"],
        environment: ["PATH": "\(directory)/programs", "OMPI_MCA_plm": "isolated"])
      #expect(run.exitCode == 0, "\(run.errors)")
      #expect(run.errors.contains("apt install graphviz"))
      #expect(try String(contentsOfFile: "\(directory)/block.dot", encoding: .utf8).hasPrefix("digraph"))
      #expect(!FileManager.default.fileExists(atPath: "\(directory)/block.svg"))
    }
  }

  @Test(arguments: [
    (["model"], "model: expected a model's name or file, found 0 operands"),
    (["model", "resnet18", "resnet50"], "found 2 operands"),
    (["model", "resnet18", "--json", "--dot"], "expected --json or --dot, found both"),
    (["model", "resnet18", "--picture", "x.pdf"], "a file name that ends in .png or .svg"),
    (
      ["import", "--model", "resnet18", "--out", "x.safetensors"],
      "import: expected a file of weights, found 0 operands"
    ),
    (
      ["import", "x.pth", "--out", "x.safetensors"],
      "--model: expected a model's name or .json file, found nothing"
    ),
    (
      ["import", "x.pth", "--model", "resnet18", "--out", "x.onnx"],
      "--out: expected a file name that ends in .safetensors"
    ),
  ])
  func wrongArgumentsAreUsageErrors(_ arguments: [String], _ message: String) throws {
    let run = try Program.run(arguments)
    #expect(run.exitCode == 2 && run.errors.contains(message), "\(run.errors)")
  }
}
