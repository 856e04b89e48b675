import Foundation
import TestSupport
import Testing

/// Weights that cannot be used are refused by name, wherever they come in or go out.
@Suite(.serialized) struct WeightsTests {
  private static let small = [
    "--train-samples", "64", "--test-samples", "32", "--epochs", "1", "--threads", "1",
  ]

  /// The only step's loss is a number, its update makes weights that are none: nothing may be written.
  @Test(arguments: [nil, 2])
  func lastUpdateThatDiverges(ranks: Int?) throws {
    for saving in [["--save-every", "none"], []] {
      try withTemporaryDirectory { directory in
        let program = try Program.run(
          Self.small + saving + [
            "--global-batch", "64", "--lr", "1e10", "--weight-decay", "1e30", "--out", directory,
          ], ranks: ranks)
        #expect(program.exitCode == 1 && program.errorLines.count == 1, "\(program.errors)")
        let message = "training diverged: expected finite numbers in tensor conv1.weight, found "
        #expect(
          program.errors.contains(message) && program.errors.contains(" of 288 that are NaN or infinite"))
        let files = RunFiles(directory: directory)
        let record = try files.record()
        #expect(record["status"] as? String == "failed")
        #expect((record["error"] as? String)?.contains(message) == true)
        #expect(!files.allFiles.contains { $0.hasSuffix(".safetensors") }, "\(files.allFiles)")
      }
    }
  }

  @Test func weightsThatAreNotFiniteAreRefused() throws {
    try withTemporaryDirectory { directory in
      let trained = try Program.run(Self.small + ["--out", "\(directory)/run", "--save-every", "none"])
      #expect(trained.exitCode == 0, "\(trained.errors)")
      var bytes = try Data(contentsOf: URL(fileURLWithPath: "\(directory)/run/model.safetensors"))
      // The last number of the last tensor, and the one before that.
      bytes.replaceSubrange((bytes.count - 8)..., with: [0, 0, 0x80, 0xFF, 0, 0, 0xC0, 0x7F])
      let (weights, image) = ("\(directory)/w.safetensors", "\(directory)/idx")
      try bytes.write(to: URL(fileURLWithPath: weights))
      try Data([0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 28, 0, 0, 0, 28] + [UInt8](repeating: 40, count: 784)).write(
        to: URL(fileURLWithPath: image))
      for arguments in [
        ["evaluate", "--model", weights, "--json"],
        ["evaluate", "--model", "mnist-cnn", "--weights", weights],
        ["predict", "--model", weights, image],
        Self.small + ["--weights", weights, "--out", "\(directory)/other"],
      ] {
        let program = try Program.run(arguments, ranks: arguments.contains("--json") ? 2 : nil)
        #expect(program.exitCode == 1 && program.errorLines.count == 1, "\(program.errors)")
        #expect(
          program.errors.contains(
            "w.safetensors: expected tensor fc2.bias to hold numbers that are finite in 32 bits, found 2 of 10"
          ),
          "\(program.errors)")
        #expect(!program.output.contains("accuracy"), "\(program.output)")
      }
    }
  }

  @Test(arguments: [
    (["--lr", "1e300"], "--lr: expected a number that is not inf in 32-bit arithmetic, found \"1e300\""),
    (["--lr", "1e-300"], "--lr: expected a number that is not 0.0 in 32-bit arithmetic"),
    (["--lr", "0"], "--lr: expected a number above 0, found \"0\""),
    (["--momentum", "0.99999999999"], "--momentum: expected a number that is not 1.0 in 32-bit arithmetic"),
    (["--weight-decay", "1e39"], "--weight-decay: expected a number that is not inf in 32-bit arithmetic"),
    (["--weight-decay", "1e-300"], "--weight-decay: expected a number that is not 0.0 in 32-bit arithmetic"),
    (["--label-smoothing", "1e-60"], "--label-smoothing: expected a number that is not 0.0"),
    (["--clip-norm", "1e-300"], "--clip-norm: expected a number that is not 0.0 in 32-bit arithmetic"),
    (["--step-factor", "1e300"], "--step-factor: expected a number that is not inf in 32-bit arithmetic"),
    (["--ema", "0.999999999999"], "--ema: expected a number that is not 1.0 in 32-bit arithmetic"),
    (
      ["evaluate", "--model", "x", "--mean", "0.1,1e300"],
      "--mean: expected numbers with commas between, finite"
    ),
    (
      ["evaluate", "--model", "x", "--deviation", "1e-300"],
      "--deviation: expected numbers above 0 with commas"
    ),
    (["predict", "--model", "x", "--deviation", "1e-40", "i"], "finite in 32 bits like their reciprocals"),
    (
      ["evaluate", "--model", "x", "--deviation", "1e39"], "--deviation: expected numbers above 0 with commas"
    ),
  ])
  func numbersThat32BitsDoNotHoldAreUsageErrors(_ arguments: [String], _ expected: String) throws {
    let program = try Program.run(arguments)
    #expect(program.exitCode == 2 && program.errorLines.count == 1, "\(program.errors)")
    #expect(program.errors.contains(expected), "\(program.errors)")
  }

  @Test func filesOfOtherKindsAreNamed() throws {
    try withTemporaryDirectory { directory in
      let (zip, page) = ("\(directory)/net.pt", "\(directory)/page.json")
      try Data(
        [0x50, 0x4B, 3, 4] + [UInt8](repeating: 0, count: 22) + [12, 0, 0, 0] + Array("net/data.pkl....".utf8)
      ).write(to: URL(fileURLWithPath: zip))
      try "<!DOCTYPE html>\n<html></html>".write(toFile: page, atomically: true, encoding: .utf8)
      for (arguments, expected) in [
        (["evaluate", "--model", zip], "found a PyTorch file; import it first: `cnn-mpi import`"),
        (["evaluate", "--model", "mnist-cnn", "--weights", zip], "found a PyTorch file"),
        (["--weights", zip, "--train-samples", "64"], "found a PyTorch file"),
        (["--resume", zip], "found a PyTorch file"),
        (["--model", zip], "expected the description of a model in JSON, found a PyTorch file"),
        (["--model", page], "found an HTML page; the download went wrong"),
        (["evaluate", "--model", "mnist-cnn", "--weights", page], "found an HTML page"),
      ] {
        let program = try Program.run(arguments, in: directory)
        #expect(program.exitCode == 1 && program.errorLines.count == 1, "\(program.errors)")
        #expect(program.errors.contains(expected), "\(program.errors)")
      }
    }
  }

  /// What PyTorch's wrappers save gives the predictions of the model inside, and a note.
  @Test(.enabled(if: Python.isThere, Comment(rawValue: Python.hint)))
  func wrappedModelsFromPyTorch() throws {
    try withTemporaryDirectory { directory in
      let (image, model) = ("\(directory)/idx", "\(directory)/m.json")
      try Data([0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 28, 0, 0, 0, 28] + (0..<1568).map { UInt8($0 % 251) }).write(
        to: URL(fileURLWithPath: image))
      try #"{"name": "m", "input": [28, 28, 1], "layers": [{"type": "dense", "units": 10}]}"#.write(
        toFile: model, atomically: true, encoding: .utf8)
      _ = try Python.run(
        """
        import sys
        from collections import OrderedDict
        import torch
        from safetensors.torch import save_file
        from torch import nn
        from torch.optim.swa_utils import AveragedModel
        torch.manual_seed(1)
        network = nn.Sequential(OrderedDict([("flatten", nn.Flatten()), ("fc1", nn.Linear(784, 10))]))
        averaged = AveragedModel(network)
        averaged.update_parameters(network)
        assert "n_averaged" in averaged.state_dict()
        for name, wrapped in {
            "plain": network, "averaged": averaged, "parallel": nn.DataParallel(network),
            "compiled": torch.compile(network), "both": torch.compile(averaged),
            "inside": AveragedModel(torch.compile(nn.DataParallel(network))),
        }.items():
            state = {key: value.clone() for key, value in wrapped.state_dict().items()}
            save_file(state, f"{sys.argv[1]}/{name}.safetensors")
        """, [directory])
      var logits: [String: [Float]] = [:]
      for (name, prefix) in [
        ("plain", ""), ("averaged", "module."), ("parallel", "module."), ("compiled", "_orig_mod."),
        ("both", "_orig_mod.module."), ("inside", "module._orig_mod.module."),
      ] {
        let (weights, output) = ("\(directory)/\(name).safetensors", "\(directory)/\(name).npy")
        let program = try Program.run(
          ["predict", "--model", model, "--weights", weights, "--logits", output, image],
          ranks: name == "averaged" ? 2 : nil)
        #expect(program.exitCode == 0, "\(program.errors)")
        let note = "cnn-mpi: note: the names in \(weights) begin with \(prefix), which is left out"
        #expect(program.errorLines == (prefix.isEmpty ? [] : [note]), "\(program.errors)")
        logits[name] = try readNPY(output).numbers
        #expect(logits[name]?.count == 20 && logits[name] == logits["plain"], "\(name)")
      }
      let trained = try Program.run(
        Self.small + [
          "--model", model, "--weights", "\(directory)/averaged.safetensors", "--out", "\(directory)/run",
        ])
      #expect(trained.exitCode == 0, "\(trained.errors)")
      #expect(trained.output.contains("averaged.safetensors begin with module., which is left out"))
    }
  }
}
