import Foundation
import TestSupport
import Testing

/// `cnn-mpi export`, and what ONNX Runtime makes of its files.
@Suite struct ExportTests {
  /// A file of weights that says its model: a dense layer over 2 x 2 gray pixels.
  private static let weights = """
    import json, sys
    import numpy as np
    from safetensors.numpy import save_file
    layers = [{"type": "dense", "units": 3}]
    metadata = {"model": json.dumps({"name": "tiny", "input": [2, 2, 1], "layers": layers})}
    weights = {"fc1.weight": np.arange(12, dtype=np.float32).reshape(3, 4), "fc1.bias": np.zeros(3, np.float32)}
    save_file(weights, sys.argv[1], metadata if len(sys.argv) > 2 else None)
    """

  /// The lines of Python that the manual shows.
  private static func snippet() throws -> String {
    let path = "\(packageRoot)/Sources/CNNMPI/CNNMPI.docc/ONNX.md"
    let article = try String(contentsOfFile: path, encoding: .utf8)
    let start = try #require(article.range(of: "```python\n"))
    let end = try #require(article[start.upperBound...].range(of: "```"))
    return String(article[start.upperBound..<end.lowerBound])
  }

  private static let comparison = """

    import sys
    from onnx import checker
    images, path, ours = sys.argv[1:]
    checker.check_model(path, full_check=True)
    pixels = np.fromfile(images, np.uint8)[16:].reshape(-1, 28, 28, 1)
    ours = np.load(ours)
    for count in (1, 3, len(pixels)):
        theirs = logits(path, pixels[:count])
        largest, difference = np.abs(theirs).max(), np.abs(theirs - ours[:count]).max()
        assert theirs.shape == (count, 10) and largest > 0.01 and difference <= 1e-5 * largest, (difference, largest)
    """

  @Test(
    .enabled(if: Python.isThere, Comment(rawValue: Python.hint)), arguments: ["mnist-cnn", "mnist-bn", "odd"])
  func theManualsLinesGiveTheSameLogits(_ model: String) throws {
    try withTemporaryDirectory { directory in
      let (run, images, onnx) = ("\(directory)/run", "\(directory)/images-idx3-ubyte", "\(directory)/m.onnx")
      try PyTorchModelTests.odd.write(toFile: "\(directory)/odd.json", atomically: true, encoding: .utf8)
      try PyTorchModelTests.writeImages(70, to: images)
      let trained = try Program.run([
        "--model", model == "odd" ? "\(directory)/odd.json" : model, "--train-samples", "1000",
        "--test-samples", "100", "--epochs", "1", "--out", run,
      ])
      #expect(trained.exitCode == 0, "\(trained.errors)")
      let exported = try Program.run(["export", run, "--onnx", onnx], ranks: model == "odd" ? 2 : nil)
      let bytes = try Data(contentsOf: URL(fileURLWithPath: onnx)).count
      #expect(exported.exitCode == 0 && exported.errors.isEmpty, "\(exported.errors)")
      #expect(exported.output.hasPrefix("\(onnx): \(model), "), "\(exported.output)")
      #expect(exported.output.filter(\.isNumber).hasSuffix("\(bytes)"), "\(exported.output)")
      let predicted = try Program.run([
        "predict", "--model", run, "--logits", "\(directory)/ours.npy", images,
      ])
      #expect(predicted.exitCode == 0, "\(predicted.errors)")
      _ = try Python.run(
        try Self.snippet() + Self.comparison, [images, onnx, "\(directory)/ours.npy"])
    }
  }

  @Test(.enabled(if: Python.isThere, Comment(rawValue: Python.hint)))
  func whatCannotBeExportedIsSaid() throws {
    try withTemporaryDirectory { directory in
      let (plain, described) = ("\(directory)/plain.safetensors", "\(directory)/described.safetensors")
      _ = try Python.run(Self.weights, [plain])
      _ = try Python.run(Self.weights, [described, "described"])
      let onnx = "\(directory)/m.onnx"
      let good = try Program.run(["export", described, "--onnx=\(onnx)"])
      #expect(
        good.output == "\(onnx): tiny, 2 nodes, 15 parameters, "
          + "\(try Data(contentsOf: URL(fileURLWithPath: onnx)).count) bytes\n")
      for (arguments, expected) in [
        ([plain, "--onnx", onnx], "expected weights with a description of their model in the metadata"),
        ([described, "--onnx", "\(directory)/missing/m.onnx"], "missing/m.onnx: expected to write the file"),
        ([described, "--onnx", directory], "expected to put the file in place, found \"Is a directory\""),
        (["\(directory)/none", "--onnx", onnx], "none: expected a readable safetensors file"),
        (
          ["mnist-cnn", "--onnx", onnx],
          "mnist-cnn: expected a run directory or .safetensors file, found a model"
        ),
        (["mnist-cnn", "--weights", plain, "--onnx", onnx], "expected conv1.weight, conv1.bias"),
      ] {
        for ranks in [nil, 2] {
          let program = try Program.run(["export"] + arguments, ranks: ranks)
          #expect(program.exitCode == 1 && program.errorLines.count == 1, "\(program.errors)")
          #expect(program.errors.contains(expected), "\(program.errors)")
        }
      }
      #expect(
        try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
          == ["described.safetensors", "m.onnx", "plain.safetensors"])
    }
  }

  @Test(arguments: [
    (["export"], "export: expected one run directory or .safetensors file, found none"),
    (
      ["export", "a", "b", "--onnx", "c"], "export: expected one run directory or .safetensors file, found 2"
    ),
    (["export", "runs/a"], "export: expected --onnx FILE.onnx, found no file to write"),
    (["export", "runs/a", "--onnx"], "--onnx: expected a value FILE.onnx, found nothing"),
  ])
  func wrongArgumentsAreUsage(_ arguments: [String], _ expected: String) throws {
    let program = try Program.run(arguments)
    #expect(program.exitCode == 2 && program.errorLines.count == 1 && program.output.isEmpty)
    #expect(program.errors.contains(expected), "\(program.errors)")
  }
}
