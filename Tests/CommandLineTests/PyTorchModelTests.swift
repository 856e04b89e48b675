import Foundation
import TestSupport
import Testing

/// Trained models go to PyTorch and come from there: the same images give the same logits.
@Suite(.serialized, .enabled(if: Python.isThere, Comment(rawValue: Python.hint)))
struct PyTorchModelTests {
  /// Everything that a model file can say, with sizes that are not square and counts that are odd.
  static let odd = """
    {"name": "odd", "input": [28, 28, 1], "layers": [
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

  /// Groups, holes and all ways to pad.
  static let grouped = """
    {"name": "grouped", "input": [28, 28, 1], "layers": [
      {"type": "conv2d", "filters": 16, "kernel": 3, "stride": 2, "padding": "same"}, {"type": "relu"},
      {"type": "conv2d", "filters": 16, "kernel": 5, "stride": 2, "padding": "same", "groups": 16,
       "bias": false},
      {"type": "batch_norm"}, {"type": "relu"},
      {"type": "conv2d", "filters": 12, "kernel": 3, "groups": 4, "dilation": [1, 2],
       "padding": [[0, 2], [3, 1]]},
      {"type": "relu"}, {"type": "max_pool2d", "size": 3, "stride": 2, "padding": "same"},
      {"type": "average_pool2d", "size": 2, "stride": 1, "padding": [[1, 0], [0, 1]]},
      {"type": "dense", "units": 10}
    ]}
    """

  private static let reading = """

    import sys
    import numpy as np
    pixels = torch.from_numpy(np.fromfile(sys.argv[1], np.uint8)[16:].copy()).reshape(-1, 28, 28, 1)

    """

  /// Writes images as an IDX file: noise, darker towards the edge.
  static func writeImages(_ count: UInt8, to path: String) throws {
    var bytes: [UInt8] = [0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 28, 0, 0, 0, 28]
    var state: UInt32 = 1
    for _ in 0..<Int(count) * 784 {
      state = state &* 1_664_525 &+ 1_013_904_223
      bytes.append(UInt8(state >> 24))
    }
    try Data(bytes).write(to: URL(fileURLWithPath: path))
  }

  /// Expects the logits in two NumPy files to agree within 1e-5 of the largest.
  private func expectSame(_ a: String, _ b: String, _ what: String) throws {
    let (ours, theirs) = (try readNPY(a), try readNPY(b))
    #expect(ours.header.contains("(70, 10,)") && ours.numbers.count == 700 && theirs.numbers.count == 700)
    let largest = theirs.numbers.reduce(0) { max($0, abs($1)) }
    let difference = zip(ours.numbers, theirs.numbers).reduce(0) { max($0, abs($1.0 - $1.1)) }
    #expect(largest > 0.01 && difference <= 1e-5 * largest, "\(what): \(difference) of \(largest)")
  }

  @Test(arguments: ["mnist-cnn", "mnist-bn", "odd", "grouped"])
  func theManualsLinesGiveTheSameLogits(_ model: String) throws {
    try withTemporaryDirectory { directory in
      try Self.odd.write(toFile: "\(directory)/odd.json", atomically: true, encoding: .utf8)
      try Self.grouped.write(toFile: "\(directory)/grouped.json", atomically: true, encoding: .utf8)
      let images = "\(directory)/images-idx3-ubyte"
      try Self.writeImages(70, to: images)
      let isFile = ["odd", "grouped"].contains(model)
      let trained = try Program.run([
        "--model", isFile ? "\(directory)/\(model).json" : model, "--train-samples", "1000", "--test-samples",
        "100", "--epochs", "1", "--out", "\(directory)/run",
      ])
      #expect(trained.exitCode == 0, "\(trained.errors)")
      let predicted = try Program.run([
        "predict", "--model", "\(directory)/run", "--logits", "\(directory)/ours.npy", images,
      ])
      #expect(predicted.exitCode == 0, "\(predicted.errors)")
      _ = try Python.run(
        try pyTorchSnippet() + Self.reading + "np.save(sys.argv[3], logits(sys.argv[2], pixels).numpy())",
        [images, "\(directory)/run/model.safetensors", "\(directory)/theirs.npy"])
      try expectSame("\(directory)/ours.npy", "\(directory)/theirs.npy", model)
    }
  }

  /// Random weights made in PyTorch, with running statistics that are not those of the start.
  @Test func weightsFromPyTorchGiveTheSameLogits() throws {
    try withTemporaryDirectory { directory in
      try Self.odd.write(toFile: "\(directory)/odd.json", atomically: true, encoding: .utf8)
      let (images, weights) = ("\(directory)/images-idx3-ubyte", "\(directory)/weights.safetensors")
      try Self.writeImages(70, to: images)
      _ = try Python.run(
        """
        from collections import OrderedDict
        import torch
        from safetensors.torch import save_file
        from torch import nn
        """ + Self.reading + """
          torch.manual_seed(1)
          network = nn.Sequential(OrderedDict([
              ("first", nn.Conv2d(1, 7, (5, 3), (2, 1), (2, 0), bias=False)), ("bn1", nn.BatchNorm2d(7, 0.001)),
              ("relu1", nn.ReLU()), ("pool1", nn.AvgPool2d((2, 3), 2, 1)), ("conv2", nn.Conv2d(7, 9, 3, 1, 1)),
              ("relu2", nn.ReLU()), ("pool2", nn.MaxPool2d(3, 2, 1)), ("flatten", nn.Flatten()),
              ("fc1", nn.Linear(9 * 4 * 7, 33)), ("bn2", nn.BatchNorm1d(33)), ("relu3", nn.ReLU()),
              ("fc2", nn.Linear(33, 10, bias=False))]))
          x = (pixels.permute(0, 3, 1, 2) / 255 - 0.25) / 0.5
          for step in range(3):
              network(x)  # moves the running statistics
          network.eval()
          with torch.no_grad():
              np.save(sys.argv[3], network(x).numpy())
          save_file(network.state_dict(), sys.argv[2])
          """, [images, weights, "\(directory)/theirs.npy"])
      let arguments = [
        "predict", "--model", "\(directory)/odd.json", "--weights", weights, "--mean", "0.25",
        "--deviation=0.5", "--logits", "\(directory)/ours.npy", images,
      ]
      for ranks in [nil, 2] {
        let predicted = try Program.run(arguments, ranks: ranks)
        #expect(predicted.exitCode == 0, "\(predicted.errors)")
        try expectSame("\(directory)/ours.npy", "\(directory)/theirs.npy", "\(ranks ?? 1) ranks")
      }
      let other = try Program.run(["predict", "--model", "mnist-bn", "--weights", weights, images])
      #expect(
        other.exitCode == 1 && other.errors.contains("expected conv1.weight, conv3.weight, bn3.weight"),
        "\(other.errors)")
    }
  }

  /// Color photographs of several sizes, read and resized here and by Pillow; and a file from Python that
  /// says its model, its normalisation and the names of its classes.
  @Test func colorImagesGiveTheSameLogits() throws {
    try withTemporaryDirectory { directory in
      let weights = "\(directory)/color.safetensors"
      _ = try Python.run(
        """
        import json, sys
        from collections import OrderedDict
        import numpy as np, torch
        from PIL import Image
        from safetensors.torch import save_file
        from torch import nn
        torch.manual_seed(2)
        network = nn.Sequential(OrderedDict([
            ("conv1", nn.Conv2d(3, 8, 3, padding=1)), ("relu1", nn.ReLU()), ("pool1", nn.MaxPool2d(2)),
            ("flatten", nn.Flatten()), ("fc1", nn.Linear(8 * 12 * 10, 4))]))
        layers = [
            {"type": "conv2d", "filters": 8, "kernel": 3, "padding": 1}, {"type": "relu"},
            {"type": "max_pool2d", "size": 2}, {"type": "dense", "units": 4}]
        mean, deviation = [0.5, 0.4, 0.3], [0.2, 0.25, 0.3]
        save_file(network.state_dict(), sys.argv[2], metadata={
            "model": json.dumps({"name": "color", "input": [24, 20, 3], "layers": layers}),
            "normalization": json.dumps({"mean": mean, "deviation": deviation}),
            "classes": json.dumps(["cat", "dog", "bird", "plane"])})
        random, logits = np.random.default_rng(3), []
        for number, (height, width, kind) in enumerate(
            [(24, 20, "png"), (64, 48, "jpg"), (100, 51, "png"), (30, 30, "jpg"), (12, 10, "png")]):
            coarse = Image.fromarray(random.integers(0, 256, (5, 4, 3), dtype=np.uint8))
            name = f"{sys.argv[1]}/{number}.{kind}"
            coarse.resize((width, height), Image.Resampling.BICUBIC).save(name)
            pixels = np.asarray(Image.open(name).resize((20, 24), Image.Resampling.BILINEAR))
            x = (torch.from_numpy(pixels / np.float32(255)) - torch.tensor(mean)) / torch.tensor(deviation)
            logits.append(network(x.permute(2, 0, 1)[None]).detach())
        np.save(sys.argv[3], torch.cat(logits).numpy())
        """, [directory, weights, "\(directory)/theirs.npy"])
      let program = try Program.run([
        "predict", "--model", weights, "--top", "4", "--logits", "\(directory)/ours.npy", directory,
      ])
      #expect(program.exitCode == 0, "\(program.errors)")
      let (ours, theirs) = (
        try readNPY("\(directory)/ours.npy").numbers, try readNPY("\(directory)/theirs.npy").numbers
      )
      let largest = theirs.reduce(0) { max($0, abs($1)) }
      let difference = zip(ours, theirs).reduce(0) { max($0, abs($1.0 - $1.1)) }
      #expect(
        ours.count == 20 && theirs.count == 20 && difference <= 1e-5 * largest, "\(difference) of \(largest)")
      for line in program.output.split(separator: "\n").dropFirst() {
        for name in ["cat", "dog", "bird", "plane"] { #expect(line.contains(" \(name) "), "\(line)") }
      }
    }
  }
}
