import Foundation
import TestSupport
import Testing

/// Training on folders of photographs, from real ones: CIFAR-10's as image files.
@Suite(.serialized, .enabled(if: isCI || hasCIFAR, Comment(rawValue: cifarHint)))
struct FolderTrainingTests {
  /// 20 images to train and 5 to test of each of 3 classes, unpacked once and removed at the end.
  private static let photographs: String = {
    let directory = NSTemporaryDirectory() + "cnn-mpi-test-cifar-\(getpid())"
    try? FileManager.default.createDirectory(atPath: directory, withIntermediateDirectories: true)
    folderToRemove = directory
    atexit { try? FileManager.default.removeItem(atPath: folderToRemove) }
    let names = ["airplane", "cat", "truck"].flatMap {
      ["train/\($0)/00[01]?.jpg", "test/\($0)/000[0-4].jpg"]
    }
    let unpack = ["tar", "xzf", cifarArchive, "-C", directory, "--wildcards"] + names
    let program = try? RunningProgram(unpack, seconds: 60).wait()
    precondition(program?.exitCode == 0, "\(program?.errors ?? "")")
    return directory
  }()

  private static let options = [
    "--model", "resnet20", "--epochs", "2", "--threads", "1", "--reproducible", "--global-batch", "16",
  ]

  private func train(_ data: String, ranks: Int, out: String, _ more: [String] = []) throws -> Program {
    try Program.run(Self.options + ["--data", data, "--out", out] + more, ranks: ranks)
  }

  private func json(_ program: Program) throws -> [String: Any] {
    try JSONSerialization.jsonObject(with: Data(program.output.utf8)) as? [String: Any] ?? [:]
  }

  /// Neither the number of ranks nor where decoded images are kept leaves a trace in the weights.
  @Test func weightsDoNotDependOnRanksAndCache() throws {
    try withTemporaryDirectory { directory in
      var hashes: [String: String?] = [:]
      for (ranks, cache) in [(1, "memory"), (2, "memory"), (1, "none"), (2, "none"), (2, "auto")] {
        let out = "\(directory)/\(ranks)-\(cache)"
        let program = try train(Self.photographs, ranks: ranks, out: out, ["--cache", cache])
        #expect(program.exitCode == 0, "\(program.errors)")
        #expect(program.output.contains("60 to train, 15 to test, 32x32x3"), "\(program.output)")
        hashes[out] = try RunFiles(directory: out).hash()
      }
      #expect(Set(hashes.values).count == 1 && hashes.values.first != .some(nil), "\(hashes)")
    }
  }

  /// The same photographs by a table and in tar shards: one order, one set of classes, and so the same weights.
  @Test func otherFormsHaveTheSameWeights() throws {
    try withTemporaryDirectory { directory in
      #expect(try train(Self.photographs, ranks: 2, out: "\(directory)/folders").exitCode == 0)
      let expected = try RunFiles(directory: "\(directory)/folders").hash()
      for part in ["train", "test"] {
        let names = try FileManager.default.subpathsOfDirectory(atPath: "\(Self.photographs)/\(part)")
          .filter { $0.hasSuffix(".jpg") }.sorted()
        let rows = names.map { "\(Self.photographs)/\(part)/\($0),\($0.split(separator: "/")[0])\n" }
        try Data("file,label\n\(rows.joined())".utf8)
          .write(to: URL(fileURLWithPath: "\(directory)/\(part).csv"))
        let files = "\(directory)/files-\(part)"
        try FileManager.default.copyItem(atPath: "\(Self.photographs)/\(part)", toPath: files)
        for name in names {
          try Data(name.split(separator: "/")[0].utf8)
            .write(to: URL(fileURLWithPath: "\(files)/\(name.dropLast(4)).cls"))
        }
        try FileManager.default.createDirectory(
          atPath: "\(directory)/shards", withIntermediateDirectories: true)
        let pack = ["tar", "--sort=name", "-cf", "\(directory)/shards/\(part)-0.tar", "-C", files, "."]
        #expect(try RunningProgram(pack, seconds: 60).wait().exitCode == 0)
      }
      let (tables, shards) = (["train.csv", "test.csv"], ["shards/train-0.tar", "shards/test-0.tar"])
      for (number, (data, more)) in [
        (tables[0], ["--test-data", "\(directory)/\(tables[1])"]), ("shards", ["--cache", "none"]),
        (shards[0], ["--test-data", "\(directory)/\(shards[1])"]),
      ].enumerated() {
        let out = "\(directory)/out-\(number)"
        let program = try train("\(directory)/\(data)", ranks: 2, out: out, more)
        #expect(
          program.exitCode == 0 && program.output.contains("60 to train, 15 to test"), "\(program.errors)")
        #expect(try RunFiles(directory: out).hash() == expected && expected != nil, "\(data)")
      }
      // A file of one part is evaluated, whichever it is.
      let model = "\(directory)/out-0"
      let accuracy = try RunFiles(directory: model).record()["test_accuracy"] as? Double
      for data in [tables[1], shards[1]] {
        let program = try Program.run([
          "evaluate", "--model", model, "--data", "\(directory)/\(data)", "--json",
        ])
        #expect(try json(program)["accuracy"] as? Double == accuracy, "\(program.errors)")
      }
      // A file of training images alone leaves none to test.
      let alone = try train("\(directory)/train.csv", ranks: 2, out: "\(directory)/alone")
      #expect(
        alone.exitCode == 1 && alone.errors.contains("train.csv: expected test images, found none"),
        "\(alone.errors)")
      let held = try train(
        "\(directory)/train.csv", ranks: 2, out: "\(directory)/held", ["--validation-split", "0.2"])
      #expect(held.exitCode == 0 && held.output.contains("48 to train"), "\(held.output)\(held.errors)")
    }
  }

  /// Photographs that are varied and decoded ahead by several threads, from a checkpoint in the middle of an epoch on and
  /// with other ranks and threads, give the weights of the uncut run to the bit.
  @Test func variedPhotographsGoOnInTheMiddleOfAnEpoch() throws {
    try withTemporaryDirectory { directory in
      let options = [
        "--augment", "resized-crop", "--cutmix", "1", "--cache", "none", "--loader-threads", "3",
      ]
      let uncut = RunFiles(directory: "\(directory)/uncut")
      let first = try train(
        Self.photographs, ranks: 1, out: uncut.directory, options + ["--save-every", "3steps", "--keep", "9"])
      #expect(first.exitCode == 0, "\(first.errors)")
      let (hash, results) = try (uncut.hash(), uncut.results())
      for (ranks, threads, step) in [(2, 2, 3), (4, 1, 6), (1, 3, 3)] {
        let checkpoint = try #require(
          uncut.checkpoints.first { $0.hasPrefix("step-0000000\(step)") && $0.hasSuffix(".json") })
        let cut = RunFiles(directory: "\(directory)/\(ranks)-\(threads)")
        let program = try Program.run(
          [
            "--resume", "\(uncut.directory)/checkpoints/\(checkpoint)", "--threads", "\(threads)",
            "--loader-threads", "\(ranks)", "--out", cut.directory,
          ], ranks: ranks)
        #expect(program.exitCode == 0, "\(program.errors)")
        #expect(
          program.output.contains("after step \(step), epoch \(step < 4 ? 1 : 2), sample "),
          "\(program.output)")
        #expect(
          try cut.hash() == hash && hash != nil && cut.results() == results, "\(ranks) ranks, step \(step)")
      }
    }
  }

  @Test func evaluatesAndPredictsByNames() throws {
    try withTemporaryDirectory { out in
      #expect(try train(Self.photographs, ranks: 2, out: out).exitCode == 0)
      let record = try RunFiles(directory: out).record()
      let evaluated = try Program.run(
        ["evaluate", "--model", out, "--data", Self.photographs, "--json"], ranks: 2)
      #expect(evaluated.exitCode == 0, "\(evaluated.errors)")
      let report = try json(evaluated)
      #expect(report["samples"] as? Int == 15)
      #expect(report["accuracy"] as? Double == record["test_accuracy"] as? Double)
      let table = try Program.run(["evaluate", "--model", out, "--data", Self.photographs])
      for name in ["airplane", "cat", "truck"] { #expect(table.output.contains(name), "\(table.output)") }
      let predicted = try Program.run(
        ["predict", "--model", out, "--json", "--top", "3", "\(Self.photographs)/test"], ranks: 2)
      let predictions = try json(predicted)["predictions"] as? [[String: Any]] ?? []
      #expect(predictions.count == 15, "\(predicted.errors)")
      for prediction in predictions {
        let names = (prediction["top"] as? [[String: Any]] ?? []).compactMap { $0["name"] as? String }
        #expect(Set(names) == ["airplane", "cat", "truck"], "\(prediction)")
      }
    }
  }

  /// One of 60 is within 2 %, two are not; nothing waits for a pipe.
  @Test(arguments: ["memory", "none"])
  func badImagesAreLeftOutUpToAShare(cache: String) throws {
    try withTemporaryDirectory { directory in
      let data = "\(directory)/data"
      try FileManager.default.copyItem(atPath: Self.photographs, toPath: data)
      let truncated = "\(data)/train/cat/0003.jpg"
      try Data(contentsOf: URL(fileURLWithPath: truncated)).prefix(300)
        .write(to: URL(fileURLWithPath: truncated))
      let more = ["--cache", cache, "--max-bad", "2%"]
      var hashes: [String?] = []
      for ranks in [1, 2] {
        let out = "\(directory)/\(ranks)"
        let program = try train(data, ranks: ranks, out: out, more)
        #expect(program.exitCode == 0, "\(program.errors)")
        #expect(program.output.contains("59 to train, 15 to test"), "\(program.output)")
        let named = (program.output + program.errors).split(separator: "\n").filter {
          $0.contains("left out: \(truncated)")
        }
        #expect(named.count == 1, "\(program.output)\(program.errors)")
        hashes.append(try RunFiles(directory: out).hash())
      }
      #expect(hashes[0] == hashes[1] && hashes[0] != nil)
      // Left out is as if it had never been there.
      try FileManager.default.removeItem(atPath: truncated)
      #expect(try train(data, ranks: 2, out: "\(directory)/without").exitCode == 0)
      #expect(try RunFiles(directory: "\(directory)/without").hash() == hashes[0])

      #expect(mkfifo(truncated, 0o600) == 0)
      try Data().write(to: URL(fileURLWithPath: "\(data)/train/truck/0007.jpg"))
      let tooMany = try train(data, ranks: 2, out: "\(directory)/too-many", more)
      #expect(tooMany.exitCode == 1 && tooMany.errorLines.count == 1, "\(tooMany.errors)")
      #expect(
        tooMany.errors.contains("expected at most 2.0 % that cannot be read, found 2 of 60; the first is")
          && tooMany.errors.contains("0003.jpg: expected a readable image, found a named pipe"),
        "\(tooMany.errors)")
    }
  }
}

/// The directory that the process removes when it ends.
private nonisolated(unsafe) var folderToRemove = ""
