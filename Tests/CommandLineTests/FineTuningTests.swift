import Files
import Foundation
import TestSupport
import Testing

/// `--weights` with `--freeze` and `--replace-head`.
@Suite(.serialized) struct FineTuningTests {
  /// 12 steps an epoch.
  private static let options = [
    "--train-samples", "768", "--test-samples", "200", "--epochs", "2", "--threads", "1", "--lr", "0.05",
  ]

  /// A model of `classes` classes in a JSON file: batch normalisation, dropout, and a name with a dot.
  private func write(_ name: String, classes: Int, in directory: String) throws -> String {
    let path = "\(directory)/\(name).json"
    try """
    {"name": "\(name)", "input": [28, 28, 1], "layers": [
      {"type": "conv2d", "name": "features.conv", "filters": 16, "kernel": 5, "stride": 2},
      {"type": "batch_norm", "name": "features.bn"}, {"type": "relu"}, {"type": "max_pool2d", "size": 2},
      {"type": "dense", "name": "middle", "units": 32}, {"type": "relu"}, {"type": "dropout", "rate": 0.1},
      {"type": "dense", "name": "head", "units": \(classes)}]}
    """.write(toFile: path, atomically: true, encoding: .utf8)
    return path
  }

  /// A run of a model of 12 classes to start from, and the model's file.
  private func withBase(_ body: (_ directory: String, _ model: String, _ base: String) throws -> Void) throws
  {
    try withTemporaryDirectory { directory in
      let (model, base) = (try write("twelve", classes: 12, in: directory), "\(directory)/base")
      try SmallRun.run(Self.options + ["--model", model], ranks: 1, out: base)
      try body(directory, model, base)
    }
  }

  /// The numbers of the trained model's tensors, by name.
  private func tensors(_ run: String) throws -> [String: [Float]] {
    let tensors = try SafetensorsFile(path: "\(run)/model.safetensors").load()
    return Dictionary(
      uniqueKeysWithValues: tensors.compactMap { tensor in
        guard case .floats(let numbers) = tensor.values else { return nil }
        return (tensor.name, numbers)
      })
  }

  /// Everything that could change a weight is on: the frozen ones keep their bits, the new head has the classes of
  /// the data and learns, and all goes on to the bit from a checkpoint and on other ranks.
  @Test func frozenLayersStayAndTheNewHeadLearns() throws {
    try withBase { directory, model, base in
      let options =
        Self.options + [
          "--model", model, "--weights", base, "--freeze", "features", "--replace-head", "--weight-decay",
          "0.001", "--clip-norm", "2", "--ema", "0.9", "--reproducible", "--global-batch", "64",
          "--micro-batch", "16",
        ]
      let tuned = RunFiles(directory: "\(directory)/tuned")
      let program = try SmallRun.run(options, ranks: 2, out: tuned.directory)
      #expect(program.output.contains("starting from \(base) with a new head"), "\(program.output)")
      #expect(program.output.contains("2 of 4 layers with weights, 448 parameters"), "\(program.output)")
      let (before, after) = (try tensors(base), try tensors(tuned.directory))
      #expect(Set(before.keys) == Set(after.keys))
      for (name, numbers) in before {
        let isSame = after[name] == numbers
        #expect(isSame == name.hasPrefix("features."), "\(name)")
      }
      #expect(before["head.bias"]?.count == 12 && after["head.bias"]?.count == 10)
      let losses = try tuned.rows().compactMap { Double($0["test_loss"] ?? "") }
      #expect(losses.count == 2 && losses[1] < losses[0] && losses[1] < 1.2, "\(losses)")
      // On other ranks, and cut in two.
      let alone = RunFiles(directory: "\(directory)/alone")
      try SmallRun.run(
        options + ["--save-every", "7steps", "--keep", "9"], ranks: 1, out: alone.directory)
      #expect(try alone.hash() == tuned.hash())
      let cut = RunFiles(directory: "\(directory)/cut")
      try SmallRun.run(
        ["--resume", "\(alone.directory)/checkpoints/step-00000007-epoch-0000.safetensors"], ranks: 2,
        out: cut.directory)
      #expect(try cut.hash() == tuned.hash() && cut.results() == tuned.results())
      let refused = try SmallRun.run(
        ["--resume", alone.directory, "--freeze", "middle"], ranks: 1, out: "\(directory)/x", exitCode: 2)
      #expect(refused.errors.contains("--freeze: the checkpoint"), "\(refused.errors)")
    }
  }

  /// A head of the same size is new too, and `*` means all but it.
  @Test func aHeadOfTheSameSizeIsNew() throws {
    try withTemporaryDirectory { directory in
      let (base, tuned) = ("\(directory)/base", "\(directory)/tuned")
      let model = try write("ten", classes: 10, in: directory)
      try SmallRun.run(Self.options + ["--model", model], ranks: 1, out: base)
      try SmallRun.run(
        Self.options + [
          "--model", model, "--weights", base, "--freeze", "*", "--replace-head", "--epochs", "1", "--lr",
          "1e-30", "--seed", "5", "--optimizer", "lars",
        ], ranks: 1, out: tuned)
      let (before, after) = (try tensors(base), try tensors(tuned))
      for (name, numbers) in before where !name.hasPrefix("head.") {
        #expect(after[name] == numbers, "\(name)")
      }
      #expect(try #require(after["head.bias"]).allSatisfy { abs($0) < 1e-20 })
      // The start of a last layer: a deviation of 0.01.
      let weights = try #require(after["head.weight"])
      let deviation = (weights.reduce(0) { $0 + $1 * $1 } / Float(weights.count)).squareRoot()
      #expect(abs(deviation - 0.01) < 0.001, "\(deviation)")
    }
  }

  @Test func whatCannotBeIsSaid() throws {
    try withBase { directory, model, base in
      let (ten, out) = (try write("ten", classes: 10, in: directory), "\(directory)/out")
      let start = Self.options + ["--weights", base]
      for (options, code, expected) in [
        (
          start + ["--model", ten], 1,
          "model.safetensors: expected tensor head.weight in shape [10, 32], as model ten has it, found shape [12, 32]: "
            + "12 classes, not 10; --replace-head starts with a new one"
        ),
        (
          start + ["--model", model, "--freeze", "features,head", "--replace-head"], 1,
          "besides the head, head, which is new, found none by \"head\"; there are features, middle"
        ),
        (
          start + ["--model", model, "--freeze", "backbone"], 1,
          "expected layers with weights to freeze, found none by \"backbone\"; there are features, middle, head"
        ),
        (start + ["--model", model, "--freeze", "*"], 1, "found all 4 with weights frozen"),
        (start + ["--freeze", "a,,b"], 2, "--freeze: expected words with commas between, found \"a,,b\""),
        (Self.options + ["--replace-head"], 2, "--replace-head: expected --weights"),
        (
          start + ["--model", "mnist-cnn", "--replace-head"], 1,
          "expected conv1.weight, conv1.bias, conv2.weight, conv2.bias and 2 more, as model mnist-cnn has, found "
            + "features.bn.bias"
        ),
      ] as [([String], Int32, String)] {
        let program = try SmallRun.run(options, ranks: 2, out: out, exitCode: code)
        #expect(program.errorLines.count == 1 && program.errors.contains(expected), "\(program.errors)")
      }
      #expect(!FileManager.default.fileExists(atPath: out))
      let random = try SmallRun.run(
        Self.options + ["--model", ten, "--freeze", "features", "--epochs", "1"], ranks: 1, out: out)
      #expect(random.output.contains("the frozen layers keep the random weights"), "\(random.output)")
    }
  }
}
