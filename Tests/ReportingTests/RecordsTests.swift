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

/// Tells observers of records that come in a row.
private struct Told {
  let observers: RunObservers

  init(_ made: [any RunObserver], resumedAt resumed: ResumedRun? = nil) throws {
    observers = RunObservers(made, Console())
    try observers.begin(
      RunStart(program: "test", table: [], warnings: [], resumed: resumed, results: RunResults()))
  }

  func epoch(_ metrics: EpochMetrics, step: Int, _ weights: [Float] = [], _ layout: ParameterLayout = .none) {
    var results = RunResults()
    results.epochs = [metrics]
    let parameters = SharedBuffer<Float>(repeating: 0, count: weights.count)
    for (place, weight) in weights.enumerated() { parameters.unsafeMemory[place] = weight }
    observers.epochEnded(
      EpochEnd(
        results: results, epochs: 5, step: step, rankLines: [], parameters: parameters, layout: layout))
  }
}

extension ParameterLayout {
  fileprivate static var none: ParameterLayout { ParameterLayout([]) }
}

@Suite struct MetricsLogTests {
  private func log(_ directory: String, resumedAt resumed: ResumedRun? = nil) throws -> Told {
    try Told([MetricsLog(in: try RunDirectory(directory))], resumedAt: resumed)
  }

  @Test func aLineAStepAndAnEpoch() throws {
    try withTemporaryDirectory { directory in
      let told = try log(directory)
      told.observers.stepRecorded(step(50, loss: 0.1))
      var diverging = step(100, loss: .nan)
      diverging.gradientNorm = .infinity
      told.observers.stepRecorded(diverging)
      told.epoch(epoch(1, testLoss: 5e-05), step: 100)
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
        // What is read is what was written.
        #expect(MetricsLine(line.utf8)?.bytes == Array((line + "\n").utf8))
      }
      #expect(MetricsLine(#"{"step":110,"epoch":2,"#.utf8) == nil)
      #expect(MetricsLine(#"{"event":"other","step":110}"#.utf8) == nil)
    }
  }

  /// A run that was killed in step 170 and goes on from step 120 of the second epoch: what came later is
  /// dropped, the line that was cut off too.
  @Test func aResumedRunKeepsWhatCameBefore() throws {
    try withTemporaryDirectory { directory in
      let first = try log(directory)
      for number in [50, 100] { first.observers.stepRecorded(step(number, loss: 1)) }
      first.epoch(epoch(1, testLoss: 1), step: 100)
      for number in [120, 150] { first.observers.stepRecorded(step(number, loss: 1)) }
      let kept = try lines(directory).prefix(4)
      let file = try FileHandle(forWritingTo: URL(fileURLWithPath: "\(directory)/metrics.jsonl"))
      try file.seekToEnd()
      try file.write(contentsOf: Data(#"{"step":110,"epoch":2,"#.utf8))

      let second = try log(directory, resumedAt: ResumedRun(steps: 120, epochs: 1))
      #expect(try lines(directory) == Array(kept))
      second.observers.stepRecorded(step(150, loss: 2))
      #expect(try lines(directory).count == 5 && lines(directory)[4].contains(#""loss":2.0"#))

      // At the end of epoch 1, before its evaluation.
      _ = try log(directory, resumedAt: ResumedRun(steps: 100, epochs: 0))
      #expect(try lines(directory) == Array(kept.prefix(2)))
      _ = try log(directory)
      #expect(try lines(directory).isEmpty)
    }
  }

  @Test func whatCannotBeWrittenIsLeftAlone() throws {
    try withTemporaryDirectory { directory in
      let run = try RunDirectory("\(directory)/run")
      try FileManager.default.removeItem(atPath: run.path)
      let told = try Told([MetricsLog(in: run), TensorBoardLog(in: run)])
      told.observers.stepRecorded(step(50, loss: 1))
      told.epoch(epoch(1, testLoss: 1), step: 100)
      #expect(try FileManager.default.contentsOfDirectory(atPath: directory).isEmpty)
      // The table of epochs is essential: without it a run does not begin.
      #expect(throws: OutputError.self) { try Told([MetricsCSV(in: run)]) }
    }
  }

  /// Who fails is told nothing more, unless the run cannot do without; all others are.
  @Test func oneFailureStopsNobodyElse() throws {
    let (failing, essential, other) = (
      Recorder(fails: true), Recorder(fails: true, isEssential: true), Recorder()
    )
    let observers = RunObservers([failing, essential, other], Console(.quiet))
    for number in 1...3 { observers.stepRecorded(step(number, loss: 1)) }
    #expect(failing.steps == [1] && essential.steps == [1, 2, 3] && other.steps == [1, 2, 3])
  }
}

private final class Recorder: RunObserver {
  private(set) var steps: [Int] = []
  private let fails: Bool
  let isEssential: Bool

  init(fails: Bool = false, isEssential: Bool = false) {
    (self.fails, self.isEssential) = (fails, isEssential)
  }

  func stepRecorded(_ record: StepRecord) throws {
    steps.append(record.step)
    if fails { throw OutputError("a file", "to be written", code: ENOSPC) }
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
      func log(resumedAt resumed: ResumedRun? = nil) throws -> Told {
        try Told([TensorBoardLog(in: try RunDirectory(directory))], resumedAt: resumed)
      }
      let first = try log()
      first.observers.stepRecorded(step(50, loss: 0.125))
      first.observers.stepRecorded(step(100, loss: 0.0625))
      first.epoch(epoch(1, testLoss: 0.75), step: 100, weights, layout)
      first.observers.stepRecorded(step(150, loss: 0.375))
      first.observers.stop(.checkpointed)
      // Killed, and gone on from step 100.
      let second = try log(resumedAt: ResumedRun(steps: 100, epochs: 1))
      second.observers.stepRecorded(step(200, loss: 0.875))
      second.observers.stop(.checkpointed)

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
