import Foundation
import TestSupport
import Testing

/// What is wrong outside gets one line that names file, expectation and finding, exit code 1 from all ranks,
/// no hang and nothing left behind.
@Suite struct BadInputTests {
  private func expectFailure(
    _ arguments: [String], _ expected: [String], sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    for ranks in [nil, 3] {
      try withTemporaryDirectory { directory in
        let out = "\(directory)/out"
        let program = try Program.run(arguments + ["--out", out], ranks: ranks, seconds: 60)
        #expect(program.exitCode == 1, "\(program.errors)", sourceLocation: sourceLocation)
        #expect(program.errorLines.count == 1, "\(program.errors)", sourceLocation: sourceLocation)
        let line = program.errorLines.first ?? ""
        for text in expected { #expect(line.contains(text), "\(line)", sourceLocation: sourceLocation) }
        #expect(!FileManager.default.fileExists(atPath: out), sourceLocation: sourceLocation)
      }
    }
  }

  @Test func missingDirectory() throws {
    try expectFailure(
      ["--data", "missing"],
      ["missing: expected a directory", "No such file or directory", "MNIST's four files"])
  }

  @Test func directoryWithoutData() throws {
    try withTemporaryDirectory {
      try expectFailure(
        ["--data", $0], [$0, "expected a directory with data", "found nothing in it", "CIFAR's binary files"])
    }
  }

  @Test(.enabled(if: hasMNIST, Comment(rawValue: mnistHint)))
  func truncatedGzip() throws {
    try withData { directory in
      try FileManager.default.removeItem(atPath: "\(directory)/train-images-idx3-ubyte")
      let whole = try Data(contentsOf: URL(fileURLWithPath: "\(mnistDirectory)/train-images-idx3-ubyte.gz"))
      try whole.prefix(1_000_000).write(to: URL(fileURLWithPath: "\(directory)/train-images-idx3-ubyte.gz"))
    } _: {
      try expectFailure(
        ["--data", $0], ["train-images-idx3-ubyte.gz: expected complete gzip data", "truncated"])
    }
  }

  @Test func wrongMagic() throws {
    try withData { directory in
      try Data([1, 2, 3, 4, 5]).write(to: URL(fileURLWithPath: "\(directory)/t10k-labels-idx1-ubyte"))
    } _: {
      try expectFailure(
        ["--data", $0], ["t10k-labels-idx1-ubyte: expected an IDX file", "found magic 01020304"])
    }
  }

  @Test func headerLargerThanFile() throws {
    try withData { directory in
      truncate("\(directory)/train-images-idx3-ubyte", 1000)
    } _: {
      try expectFailure(
        ["--data", $0], ["train-images-idx3-ubyte: expected 4 x 28 x 28 bytes", "found 984"])
    }
  }

  @Test func labelOutOfRange() throws {
    try withData { directory in
      try Data([0, 0, 8, 1, 0, 0, 0, 4, 0, 1, 17, 3]).write(
        to: URL(fileURLWithPath: "\(directory)/train-labels-idx1-ubyte"))
    } _: {
      try expectFailure(
        ["--data", $0], ["expected labels in 0..<10", "found label 17 of image 2"])
    }
  }

  @Test func labelsThatCountFromOne() throws {
    try withData { directory in
      try Data([0, 0, 8, 1, 0, 0, 0, 4, 2, 1, 4, 3]).write(
        to: URL(fileURLWithPath: "\(directory)/train-labels-idx1-ubyte"))
      try Data([0, 0, 8, 1, 0, 0, 0, 2, 2, 1]).write(
        to: URL(fileURLWithPath: "\(directory)/t10k-labels-idx1-ubyte"))
    } _: {
      try expectFailure(
        ["--data", $0],
        ["train-labels-idx1-ubyte: expected labels that count from 0, found 1 to 4; ", ": --first-label 1"])
      let check = try Program.run(["data", "check", $0])
      #expect(check.exitCode == 1 && check.errors.contains("first label: --first-label 1"), "\(check.errors)")
      for command in [["data", "check", $0], ["--data", $0, "--epochs", "1", "--out", "\($0)/out"]] {
        let program = try Program.run(command + ["--first-label", "1"])
        #expect(program.exitCode == 0, "\(program.errors)")
      }
    }
  }

  /// What the data says of a network that comes with the program, the command line may say otherwise.
  @Test func inputAndClassesAreForced() throws {
    try withData { path in
      try expectFailure(
        ["--data", path, "--input", "32x32x1"],
        ["model mnist-cnn: its input is 32x32x1, but the images are 28x28x1"])
      try expectFailure(
        ["--data", path, "--classes", "3"],
        ["model mnist-cnn: it tells 3 classes apart, but the data has 4"])
      let run = try Program.run(["--data", path, "--classes", "12", "--epochs", "1", "--out", "\(path)/run"])
      #expect(run.exitCode == 0, "\(run.errors)")
      let model = try Program.run(["model", "\(path)/run"])
      #expect(model.output.contains("classes       12\n"), "\(model.output)\(model.errors)")
    }
  }

  /// The first layer that cannot work on small images is named, and the size that would do.
  @Test func imagesTooSmallForTheNetwork() throws {
    try withTemporaryDirectory { directory in
      for name in ["a/1.png", "b/1.png", "b/2.png"] {
        let path = "\(directory)/data/\(name)"
        try FileManager.default.createDirectory(
          atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try Data(smallPNG).write(to: URL(fileURLWithPath: path))
      }
      let options = ["--data", "\(directory)/data", "--validation-split", "0.5"]
      try expectFailure(
        options + ["--input", "5x5x1"],
        ["model mnist-cnn, layer ", "images of at least 10x10 will do"])
      let run = try Program.run(
        options + ["--input", "10x10x3", "--epochs", "1", "--out", "\(directory)/run"])
      #expect(run.exitCode == 0 && run.output.contains("10x10x3"), "\(run.errors)")
    }
  }

  @Test func modelThatDoesNotFit() throws {
    try withTemporaryDirectory { directory in
      let path = "\(directory)/model.json"
      func write(_ json: String) throws { try json.write(toFile: path, atomically: true, encoding: .utf8) }
      try write(
        #"{"name": "deep", "input": [28, 28, 1], "layers": [{"type": "max_pool2d", "size": 14}, {"type": "conv2d", "name": "second", "filters": 2, "kernel": 3}]}"#
      )
      try expectFailure(["--model", path], ["model deep, layer second", "3x3", "input 2x2x1"])
      try write(#"{"name": "wide", "input": [32, 32, 3], "layers": [{"type": "dense", "units": 10}]}"#)
      try expectFailure(["--model", path], ["model wide: its input is 32x32x3, but the images are 28x28x1"])
      try write(#"{"name": "few", "input": [28, 28, 1], "layers": [{"type": "dense", "units": 7}]}"#)
      try expectFailure(["--model", path], ["model few: it tells 7 classes apart, but the data has 10"])
      try expectFailure(["--model", "resnet51"], ["no model is called \"resnet51\"", "mnist-cnn"])
    }
  }

  @Test func modelTooLarge() throws {
    try withTemporaryDirectory { directory in
      let path = "\(directory)/model.json"
      func write(_ layers: String) throws {
        let tail = #"{"type": "dense", "name": "last", "units": 10}]}"#
        try (#"{"name": "huge", "input": [28, 28, 1], "layers": [\#(layers), "# + tail).write(
          toFile: path, atomically: true, encoding: .utf8)
      }
      try write(#"{"type": "dense", "name": "first", "units": 9223372036854775807}"#)
      try expectFailure(
        ["--model", path], ["model huge: layer first's output must have less than 2^31 numbers"])
      try write(#"{"type": "dense", "name": "first", "units": 4000000}"#)
      try expectFailure(
        ["--model", path], ["model huge: first.weight must have less than 2^31 numbers, found 784x4000000"])
      try write(#"{"type": "conv2d", "filters": 1, "kernel": 3, "padding": 9223372036854775807}"#)
      try expectFailure(
        ["--model", path], ["layer conv1: sizes, strides, dilations and paddings go up to 4096"])
      try write(
        #"{"type": "conv2d", "filters": 2700000, "kernel": 1}, {"type": "average_pool2d", "size": 28}"#)
      try expectFailure(
        ["--model", path], ["training huge in micro-batches of 32 takes at least", "smaller micro-batches"])
    }
    try expectFailure(["--train-samples", "2000000000"], ["making 2,000,000,000 synthetic digits takes"])
  }

  @Test func modelFileThatCannotBeRead() throws {
    try expectFailure(["--model", "missing.json"], ["missing.json", "No such file or directory"])
    try withTemporaryDirectory { path in
      try expectFailure(
        ["--model", path], ["\(path): expected a readable model file, found \"Is a directory\""])
    }
  }

  @Test func outputThatCannotBeWritten() throws {
    for ranks in [nil, 2] {
      let program = try Program.run(["--out", "/proc/nothing", "--train-samples", "64"], ranks: ranks)
      #expect(program.exitCode == 1 && program.errorLines.count == 1, "\(program.errors)")
      #expect(program.errors.contains("/proc/nothing: expected a directory that can be made, found"))
    }
  }

  /// The loss becomes infinite or NaN: all ranks stop at that step, and the record says so.
  @Test(arguments: [nil, 2])
  func divergedTraining(ranks: Int?) throws {
    try withTemporaryDirectory { directory in
      let model = "\(directory)/model.safetensors"
      try "of an earlier run".write(toFile: model, atomically: true, encoding: .utf8)
      let program = try Program.run(
        [
          "--lr", "1e20", "--epochs", "1", "--train-samples", "2000", "--warmup-epochs", "0", "--overwrite",
          "--out", directory,
        ],
        ranks: ranks)
      #expect(program.exitCode == 1 && program.errorLines.count == 1, "\(program.errors)")
      let line = program.errorLines.first ?? ""
      for text in ["training diverged", "at step ", "learning rate ", "try a lower one"] {
        #expect(line.contains(text), "\(line)")
      }
      let record = try String(contentsOfFile: "\(directory)/run.json", encoding: .utf8)
      #expect(record.contains(#""status" : "failed""#) && record.contains("training diverged"))
      #expect(!FileManager.default.fileExists(atPath: model), "taken for this run's")
      #expect(FileManager.default.fileExists(atPath: "\(directory)/earlier-run/model.safetensors"))
    }
  }
}
