import Files
import Foundation
import Reporting
import Tensors
import TestSupport
import Testing

private func step(_ step: Int, loss: Double) -> StepRecord {
  StepRecord(
    step: step, epoch: 1 + (step - 1) / 100, samples: 128 * step, loss: loss, accuracy: 0.75,
    learningRate: 0.02, imagesPerSecond: 20_000, gradientNorm: 1.5, seconds: 0.25)
}

private func epoch(_ epoch: Int, testLoss: Double) -> EpochMetrics {
  EpochMetrics(
    epoch: epoch, trainLoss: 0.5, trainAccuracy: 0.75, testLoss: testLoss, testAccuracy: 0.875,
    learningRate: 0.01, imagesPerSecond: 8000, seconds: 7.5)
}

private func lines(_ directory: String) throws -> [String] {
  try String(contentsOfFile: "\(directory)/metrics.jsonl", encoding: .utf8).split(separator: "\n")
    .map(String.init)
}

@Suite struct AppendedFileTests {
  @Test func piecesAreAddedAtTheEnd() throws {
    try withTemporaryDirectory { directory in
      for pieces in [[[1, 2], []], [[3]]] as [[[UInt8]]] {
        let file = try AppendedFile("\(directory)/file")
        for piece in pieces { try file.append(piece) }
      }
      #expect(try readFile("\(directory)/file") == [1, 2, 3])
    }
  }

  /// It might lead to a file of somebody else's choice.
  @Test func linksAreNotFollowed() throws {
    try withTemporaryDirectory { directory in
      for victim in ["\(directory)/there", "\(directory)/missing"] {
        let link = victim + ".link"
        if victim.hasSuffix("there") { try writeAtomically([7], to: victim) }
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: victim)
        let error = #expect(throws: OutputError.self) { try AppendedFile(link).append([1]) }
        #expect(error?.description.contains(".link: expected to write the file, found") == true)
      }
      #expect(try readFile("\(directory)/there") == [7])
      #expect(!FileManager.default.fileExists(atPath: "\(directory)/missing"))
    }
  }
}

@Suite struct MetricsLogTests {
  @Test func aLineAStepAndAnEpoch() throws {
    try withTemporaryDirectory { directory in
      let records = RunRecords(in: try RunDirectory(directory), Console())
      records.stepEnded(step(50, loss: 0.1))
      var diverging = step(100, loss: .nan)
      diverging.gradientNorm = .infinity
      records.stepEnded(diverging)
      records.epochEnded(epoch(1, testLoss: 5e-05), step: 100)
      #expect(
        try lines(directory) == [
          #"{"step":50,"epoch":1,"samples":6400,"loss":0.1,"accuracy":0.75,"learning_rate":0.02,"#
            + #""images_per_second":20000.0,"gradient_norm":1.5,"seconds":0.25}"#,
          #"{"step":100,"epoch":1,"samples":12800,"loss":"nan","accuracy":0.75,"learning_rate":0.02,"#
            + #""images_per_second":20000.0,"gradient_norm":"inf","seconds":0.25}"#,
          #"{"event":"epoch","step":100,"epoch":1,"train_loss":0.5,"train_accuracy":0.75,"test_loss":5e-05,"#
            + #""test_accuracy":0.875,"learning_rate":0.01,"images_per_second":8000.0,"seconds":7.5}"#,
        ])
      for line in try lines(directory) {
        #expect(throws: Never.self) { try JSONSerialization.jsonObject(with: Data(line.utf8)) }
      }
    }
  }

  /// A run that was killed in step 170 and goes on from step 120 of the second epoch: what came later is
  /// dropped, the line that was cut off too.
  @Test func aResumedRunKeepsWhatCameBefore() throws {
    try withTemporaryDirectory { directory in
      let first = RunRecords(in: try RunDirectory(directory), Console())
      for number in [50, 100] { first.stepEnded(step(number, loss: 1)) }
      first.epochEnded(epoch(1, testLoss: 1), step: 100)
      for number in [120, 150] { first.stepEnded(step(number, loss: 1)) }
      let kept = try lines(directory).prefix(4)
      let file = try FileHandle(forWritingTo: URL(fileURLWithPath: "\(directory)/metrics.jsonl"))
      try file.seekToEnd()
      try file.write(contentsOf: Data(#"{"step":110,"epoch":2,"#.utf8))

      let second = RunRecords(
        in: try RunDirectory(directory), Console(), resumedAt: ResumedRun(steps: 120, epochs: 1))
      #expect(try lines(directory) == Array(kept))
      second.stepEnded(step(150, loss: 2))
      #expect(try lines(directory).count == 5 && lines(directory)[4].contains(#""loss":2.0"#))

      // At the end of epoch 1, before its evaluation.
      _ = RunRecords(in: try RunDirectory(directory), Console(), resumedAt: ResumedRun(steps: 100, epochs: 0))
      #expect(try lines(directory) == Array(kept.prefix(2)))
      _ = RunRecords(in: try RunDirectory(directory), Console())
      #expect(try lines(directory).isEmpty)
    }
  }

  @Test func anEarlierRunsRecordsAreRemoved() throws {
    try withTemporaryDirectory { directory in
      let names = [
        "events.out.tfevents.1.host.2", "training_metrics.png", "training_metrics.svg", "metrics.jsonl",
        "notes.txt",
      ]
      for name in names { try writeAtomically([1], to: "\(directory)/\(name)") }
      func files() throws -> [String] {
        try FileManager.default.contentsOfDirectory(atPath: directory).sorted()
      }
      // No run was here: these files are somebody's own.
      RunRecords.remove(from: try RunDirectory(directory))
      #expect(try files() == names.sorted())
      try writeAtomically([1], to: "\(directory)/run.json")
      RunRecords.remove(from: try RunDirectory(directory))
      #expect(try files() == ["notes.txt", "run.json"])
    }
  }

  @Test func whatCannotBeWrittenIsLeftAlone() throws {
    try withTemporaryDirectory { directory in
      let run = try RunDirectory("\(directory)/run")
      try FileManager.default.removeItem(atPath: run.path)
      let records = RunRecords(in: run, Console())
      records.stepEnded(step(50, loss: 1))
      records.epochEnded(epoch(1, testLoss: 1), step: 100)
      records.close()
      #expect(try FileManager.default.contentsOfDirectory(atPath: directory).isEmpty)
    }
  }
}

@Suite struct TensorBoardTests {
  /// RFC 3720, B.4, and the usual check value.
  @Test func checksumsAreThoseOfTheStandard() {
    #expect(CRC32C.checksum([UInt8](repeating: 0, count: 32)) == 0x8A91_36AA)
    #expect(CRC32C.checksum([UInt8](repeating: 0xFF, count: 32)) == 0x62A8_AB43)
    #expect(CRC32C.checksum(0..<32) == 0x46DD_794E)
    #expect(CRC32C.checksum("123456789".utf8) == 0xE306_9283)
    #expect(CRC32C.checksum([]) == 0 && CRC32C.masked([]) == 0xA282_EAD8)
  }

  /// The examples of the encoding's description.
  @Test func messagesAreThoseOfTheStandard() {
    var message = ProtobufMessage()
    message.add(1, 150 as Int64)
    message.add(2, "testing")
    #expect(message.bytes == [0x08, 0x96, 0x01, 0x12, 0x07] + Array("testing".utf8))
    var outer = ProtobufMessage()
    outer.add(3, message)
    outer.add(20, -1 as Int64)
    outer.add(1, Float(1))
    outer.add(2, [1.0])
    let minusOne = [0xA0, 0x01] + [UInt8](repeating: 0xFF, count: 9) + [1]
    let rest: [UInt8] = [0x0D, 0, 0, 0x80, 0x3F, 0x12, 8, 0, 0, 0, 0, 0, 0, 0xF0, 0x3F]
    #expect(outer.bytes == [0x1A, 12] + message.bytes + minusOne + rest)
  }

  @Test func histogramsCountAllFiniteValues() {
    let values: [Float] = [-1, 2, 2, .nan, .infinity, 0.5]
    let histogram = Histogram(values.span)
    #expect(histogram.minimum == -1 && histogram.maximum == 2 && histogram.count == 4)
    #expect(histogram.sum == 3.5 && histogram.sumOfSquares == 9.25)
    #expect(histogram.counts.count == 30 && histogram.counts.reduce(0, +) == 4)
    #expect(histogram.counts[0] == 1 && histogram.counts[15] == 1 && histogram.counts[29] == 2)
    #expect(histogram.limits.last == 2 && histogram.limits.count == 30)
    let same = Histogram(([3, 3] as [Float]).span)
    #expect(same.limits == [3] && same.counts == [2])
    #expect(Histogram(([.nan] as [Float]).span).counts.isEmpty)
  }

  /// Prints what TensorBoard sees of a directory: tag, step, value.
  private static let reader = """
    import sys
    from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
    events = EventAccumulator(sys.argv[1], size_guidance={"scalars": 0, "histograms": 0})
    events.Reload()
    for tag in events.Tags()["scalars"]:
      for event in events.Scalars(tag): print(tag, event.step, repr(event.value))
    for tag in events.Tags()["histograms"]:
      for event in events.Histograms(tag):
        h = event.histogram_value
        print(tag, event.step, h.min, h.max, h.num, h.sum, h.sum_squares, len(h.bucket), sum(h.bucket))
    """

  @Test(.enabled(if: Python.isThere, Comment(rawValue: Python.hint)))
  func tensorBoardReadsWhatWasWritten() throws {
    try withTemporaryDirectory { directory in
      let layout = ParameterLayout([("weight", [2, 2], .trainable)])
      let weights: [Float] = [-0.5, 0, 0.25, 1] + [Float](repeating: 0, count: 12)
      let first = RunRecords(in: try RunDirectory(directory), Console())
      first.stepEnded(step(50, loss: 0.125))
      first.stepEnded(step(100, loss: 0.0625))
      first.epochEnded(epoch(1, testLoss: 0.75), step: 100)
      first.parametersChanged(weights.span, layout, step: 100)
      first.stepEnded(step(150, loss: 0.375))
      first.close()
      // Killed, and gone on from step 100.
      let second = RunRecords(
        in: try RunDirectory(directory), Console(), resumedAt: ResumedRun(steps: 100, epochs: 1))
      second.stepEnded(step(200, loss: 0.875))
      second.close()

      let read = Set(try Python.run(Self.reader, [directory]).split(separator: "\n").map(String.init))
      var expected: Set<String> = [
        "train/loss 50 0.125", "train/loss 100 0.0625", "train/loss 200 0.875", "test/loss 100 0.75",
        "test/accuracy 100 0.875", "epoch/train_loss 100 0.5", "epoch/train_accuracy 100 0.75",
        "epoch/images_per_second 100 8000.0", "epoch/seconds 100 7.5",
        "epoch/learning_rate 100 \(Double(Float(0.01)))",
        "parameters/weight 100 -0.5 1.0 4.0 0.75 1.3125 30 4.0",
      ]
      for number in [50, 100, 200] {
        expected.formUnion([
          "train/accuracy \(number) 0.75", "train/learning_rate \(number) \(Double(Float(0.02)))",
          "train/images_per_second \(number) 20000.0", "gradient/norm \(number) 1.5",
        ])
      }
      #expect(read == expected, "\(read.symmetricDifference(expected).sorted())")
    }
  }
}
