import Foundation
import TestSupport
import Testing

/// `model.safetensors`, `evaluate` and `predict`, from one short training.
@Suite(.serialized) struct TrainedModelTests {
  /// A run of a second on synthetic digits, made once and removed at the end.
  private static let run: String = {
    let directory = NSTemporaryDirectory() + "cnn-mpi-test-model-\(getpid())"
    let program = try? Program.run([
      "--train-samples", "3000", "--test-samples", "500", "--epochs", "1", "--threads", "1", "--out",
      directory,
    ])
    precondition(program?.exitCode == 0, "\(program?.errors ?? "")")
    modelToRemove = directory
    atexit { try? FileManager.default.removeItem(atPath: modelToRemove) }
    return directory
  }()

  private func json(_ text: String) throws -> [String: Any] {
    try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any] ?? [:]
  }

  private func trainingRecord() throws -> [String: Any] {
    try json(String(contentsOfFile: "\(Self.run)/run.json", encoding: .utf8))
  }

  /// The results are those of the training, to the last bit, for every number of ranks and threads.
  @Test func evaluationIsTheSameEverywhere() throws {
    let expected = try trainingRecord()
    var outputs: Set<String> = []
    for (ranks, threads) in [(nil, 1), (nil, 3), (2, 1), (3, 2), (4, 1)] as [(Int?, Int)] {
      let program = try Program.run(
        ["evaluate", "--model", Self.run, "--samples", "500", "--json", "--threads", "\(threads)"],
        ranks: ranks)
      #expect(program.exitCode == 0 && program.errors.isEmpty, "\(program.errors)")
      outputs.insert(program.output)
    }
    #expect(outputs.count == 1, "\(outputs)")
    let report = try json(outputs.first ?? "")
    #expect(report["loss"] as? Double == expected["test_loss"] as? Double)
    #expect(report["accuracy"] as? Double == expected["test_accuracy"] as? Double)
    #expect(report["samples"] as? Int == 500 && report["model"] as? String == "mnist-cnn")
    let details = report["report"] as? [String: Any] ?? [:]
    let matrix = details["confusion_matrix"] as? [[Int]] ?? []
    #expect(matrix.joined().reduce(0, +) == 500 && matrix.count == 10)
    let right = (0..<10).reduce(0) { $0 + matrix[$1][$1] }
    #expect(Double(right) / 500 == report["accuracy"] as? Double)
  }

  @Test func evaluationAsTables() throws {
    let test = try Program.run(["evaluate", "--model", "\(Self.run)/model.safetensors", "--samples", "500"])
    #expect(test.exitCode == 0)
    for text in ["mnist-cnn", "test part", "precision", "rows: true classes", " for "] {
      #expect(test.output.contains(text), "\(test.output)")
    }
    let train = try Program.run(["evaluate", "--model", Self.run, "--samples", "64", "--part", "train"])
    #expect(train.output.contains("of 64") && train.output.contains("train part"))
    let seeds = try ["1", "2"].map {
      try Program.run(["evaluate", "--model", Self.run, "--samples", "100", "--seed", $0]).output
    }
    #expect(seeds[0] != seeds[1])
  }

  @Test(.enabled(if: hasMNIST, Comment(rawValue: mnistHint)))
  func evaluatesRealDigits() throws {
    let program = try Program.run(
      ["evaluate", "--model", Self.run, "--data", mnistDirectory, "--json"], ranks: 2)
    let report = try json(program.output)
    #expect(report["samples"] as? Int == 10_000 && report["accuracy"] as? Double ?? 0 > 0.5)
  }

  /// Going on from weights begins where they ended.
  @Test func trainingGoesOnFromWeights() throws {
    try withTemporaryDirectory { directory in
      let program = try Program.run(
        [
          "--weights", Self.run, "--train-samples", "640", "--test-samples", "500", "--epochs", "1", "--lr",
          "1e-9",
          "--out", directory,
        ], ranks: 2)
      #expect(program.exitCode == 0, "\(program.errors)")
      let record = try json(String(contentsOfFile: "\(directory)/run.json", encoding: .utf8))
      let expected = try trainingRecord()["test_loss"] as? Double ?? .nan
      #expect(abs((record["test_loss"] as? Double ?? 0) / expected - 1) < 1e-4)
      let other = try Program.run(["--weights", Self.run, "--model", "lenet5", "--out", "\(directory)/b"])
      #expect(
        other.exitCode == 1 && other.errors.contains("expected tensor conv1.weight in shape [6, 1, 5, 5]")
          || other.errors.contains("expected fc3.weight"), "\(other.errors)")
    }
  }

  @Test func predictionsAsTableAndJSON() throws {
    try withTemporaryDirectory { directory in
      let images = "\(directory)/idx"
      try Data([0, 0, 8, 3, 0, 0, 0, 3, 0, 0, 0, 28, 0, 0, 0, 28] + [UInt8](repeating: 40, count: 3 * 784))
        .write(
          to: URL(fileURLWithPath: images))
      let table = try Program.run(["predict", "--model", Self.run, "--top", "2", images])
      #expect(table.exitCode == 0 && table.errors.isEmpty, "\(table.errors)")
      #expect(table.output.contains("class 2") && table.output.contains("\(images)[2]"), "\(table.output)")
      let logits = "\(directory)/l.npy"
      let program = try Program.run(
        ["predict", images, "--model=\(Self.run)", "--json", "--top", "99", "--logits", logits], ranks: 3)
      let predictions = try json(program.output)["predictions"] as? [[String: Any]] ?? []
      #expect(predictions.map { $0["file"] as? String } == (0..<3).map { "\(images)[\($0)]" })
      let top = predictions.first?["top"] as? [[String: Any]] ?? []
      let shares = top.map { $0["probability"] as? Double ?? .nan }
      #expect(shares.count == 10 && abs(shares.reduce(0, +) - 1) < 1e-9 && shares == shares.sorted(by: >))
      let numbers = try readNPY(logits).numbers
      #expect(numbers.count == 30)
      #expect(top.first?["class"] as? Int == numbers[..<10].firstIndex(of: numbers[..<10].max()!))
      let inverted = try Program.run(["predict", "--model", Self.run, "--invert", images])
      #expect(inverted.output != (try Program.run(["predict", "--model", Self.run, images]).output))
    }
  }

  @Test(arguments: [nil, 2])
  func whatCannotBePredictedIsNamed(ranks: Int?) throws {
    try withTemporaryDirectory { directory in
      try Data([0xFF, 0xD8, 0xFF, 0xE0]).write(to: URL(fileURLWithPath: "\(directory)/broken.jpg"))
      try Data("text".utf8).write(to: URL(fileURLWithPath: "\(directory)/text.png"))
      try Data([0, 0, 8, 3, 0, 0, 0, 1, 0, 0, 0, 2, 0, 0, 0, 2, 1, 2, 3, 4]).write(
        to: URL(fileURLWithPath: "\(directory)/idx"))
      try Data([0, 0, 8, 3, 0, 0, 0, 0, 0, 0, 0, 28, 0, 0, 0, 28]).write(
        to: URL(fileURLWithPath: "\(directory)/empty-idx"))
      let empty = try Program.run(["predict", "--model", Self.run, "\(directory)/empty-idx"], ranks: ranks)
      #expect(
        empty.exitCode == 1 && empty.errors.contains("empty-idx: expected images, found dimensions [0, 28"))
      let program = try Program.run(
        ["predict", "--model", Self.run, "--", directory, "\(directory)/idx", "missing"], ranks: ranks)
      #expect(program.exitCode == 1 && program.output.contains("/idx[0]"), "\(program.output)")
      let lines = program.errorLines
      #expect(lines.count == 4, "\(lines)")
      for text in [
        "missing: expected an image, a directory or an IDX file", "broken.jpg: expected a whole JPEG image",
        "text.png: expected a PNG or JPEG image", "no prediction for 3 of 4 inputs",
      ] {
        #expect(lines.contains { $0.contains(text) }, "\(text) in \(lines)")
      }
    }
  }

  @Test func damagedModelsAreNamed() throws {
    try withTemporaryDirectory { directory in
      let whole = try Data(contentsOf: URL(fileURLWithPath: "\(Self.run)/model.safetensors"))
      func problem(_ bytes: Data) throws -> String {
        try bytes.write(to: URL(fileURLWithPath: "\(directory)/m.safetensors"))
        let program = try Program.run(["evaluate", "--model", "\(directory)/m.safetensors"], ranks: 2)
        #expect(program.exitCode == 1 && program.errorLines.count == 1, "\(program.errors)")
        return program.errors
      }
      #expect(try problem(whole.dropLast()).contains("the file is truncated or damaged"))
      #expect(try problem(Data()).contains("m.safetensors: expected a safetensors file"))
      var changed = whole
      let range = try #require(changed.range(of: Data("\\\"kernel\\\":3".utf8)))
      changed.replaceSubrange(range, with: Data("\\\"kernel\\\":5".utf8))
      #expect(try problem(changed).contains("expected tensor conv1.weight in shape [32, 1, 5, 5]"))
    }
  }

  @Test(arguments: [
    (["evaluate"], "--model: expected a run directory or .safetensors file, found nothing"),
    (["predict", "x.png"], "--model: expected a run directory or .safetensors file, found nothing"),
    (["predict", "--model", "x"], "predict: expected images, directories or IDX files, found nothing"),
    (["predict", "--model", "x", "-y"], "unknown option -y"),
    (["predict", "--model", "x", "a.png", "--top", "0"], "--top: expected a whole number"),
    (["evaluate", "--model", "x", "a.png"], "unexpected argument \"a.png\""),
    (["evaluate", "--model", "x", "--part", "all"], "--part: expected test or train, found \"all\""),
    (["evaluate", "--model", "x", "--mean", "1,,2"], "--mean: expected numbers with commas between"),
    (["evaluate", "--model", "x", "--deviation", "0"], "--deviation: expected numbers above 0"),
  ])
  func wrongArguments(_ arguments: [String], _ expected: String) throws {
    let program = try Program.run(arguments)
    #expect(program.exitCode == 2 && program.errorLines.count == 1, "\(program.errors)")
    #expect(program.errors.contains(expected) && program.errors.contains("--help"), "\(program.errors)")
  }

  @Test(arguments: [
    (["evaluate", "--model", "missing"], "missing: expected a readable safetensors file"),
    (["evaluate", "--model", "."], ".: expected a run directory with model.safetensors, found none in it"),
    (["evaluate", "--model", "lenet5"], "lenet5: expected a run directory or .safetensors file"),
    (["predict", "--model", "lenet5", "--weights", "missing", "a.png"], "missing: expected a readable"),
  ])
  func modelsThatAreNotThere(_ arguments: [String], _ expected: String) throws {
    for ranks in [nil, 2] {
      let program = try Program.run(arguments, ranks: ranks)
      #expect(program.exitCode == 1 && program.errorLines.count == 1, "\(program.errors)")
      #expect(program.errors.contains(expected), "\(program.errors)")
    }
  }

  @Test func valuesOfNormalizationMustFit() throws {
    let program = try Program.run(["evaluate", "--model", Self.run, "--mean", "0.1,0.2"])
    #expect(
      program.exitCode == 1
        && program.errors.contains("mean: expected a mean for each of 1 channels, found 2"))
  }

  @Test func helpOfBoth() throws {
    for (name, options) in [
      ("evaluate", ["--model RUN|FILE", "--weights FILE", "--part test|train", "--json"]),
      ("predict", ["--model RUN|FILE", "--invert", "--top N", "--logits FILE.npy", "PATH..."]),
    ] {
      let program = try Program.run([name, "--help"])
      #expect(program.exitCode == 0)
      for option in options { #expect(program.output.contains(option), "\(option)") }
      #expect(program.output.split(separator: "\n").allSatisfy { $0.count <= 110 })
    }
  }
}

/// The directory that the process removes when it ends.
private nonisolated(unsafe) var modelToRemove = ""
