import Foundation
import TestSupport
import Testing

/// `--trace`: what every thread of every rank did when, as Chrome and Perfetto read it.
@Suite(.serialized) struct TraceTests {
  private struct Event: Decodable {
    let ph: String
    let name: String
    let pid: Int
    let tid: Int
    var ts: Double?
    var dur: Double?
    var cat: String?
    var id2: [String: String]?

    var range: ClosedRange<Double> { (ts ?? .nan)...((ts ?? .nan) + (dur ?? .nan)) }
  }

  private struct Trace: Decodable { let traceEvents: [Event] }

  /// Of 12 steps of 4 micro-batches on 2 ranks of 2 threads.
  private func events(_ more: [String]) throws -> [Event] {
    try withTemporaryDirectory { directory in
      let options = [
        "--train-samples", "768", "--test-samples", "64", "--epochs", "2", "--global-batch", "128",
        "--micro-batch", "32", "--threads", "2", "--trace", "--out", directory,
      ]
      let program = try Program.run(options + more, ranks: 2)
      #expect(program.exitCode == 0, "\(program.errors)")
      let data = try Data(contentsOf: URL(fileURLWithPath: "\(directory)/trace.json"))
      return try JSONDecoder().decode(Trace.self, from: data).traceEvents
    }
  }

  @Test(arguments: [[], ["--reproducible"]])
  func allPartsOfAllRanksAreThere(_ more: [String]) throws {
    let events = try events(more)
    for rank in 0..<2 {
      let own = events.filter { $0.pid == rank }
      #expect(own.contains { $0.ph == "M" && $0.name == "process_name" })
      let (steps, parts) = checkSteps(own)
      checkThatPartsFillSteps(steps, parts)
      checkThreads(own)
      checkBuckets(own)
    }
  }

  /// - Returns: the steps, and the parts on the leading thread.
  private func checkSteps(_ own: [Event]) -> (steps: [Event], parts: [Event]) {
    let leading = own.filter { $0.ph == "X" && $0.tid == 0 }
    let steps = leading.filter { $0.name.hasPrefix("step ") }
    #expect(steps.map(\.name) == (1...12).map { "step \($0)" })
    return (steps, leading.filter { !$0.name.hasPrefix("step ") })
  }

  private func checkThatPartsFillSteps(_ steps: [Event], _ parts: [Event]) {
    for step in steps {
      var sum = 0.0
      for part in parts where step.range.contains((part.range.lowerBound + part.range.upperBound) / 2) {
        sum += part.dur ?? 0
      }
      let whole = step.dur ?? 0
      #expect(sum <= whole + 0.1 && sum >= 0.9 * whole, "\(sum) of \(whole) us")
    }
  }

  /// Every part on every thread, one after the other.
  private func checkThreads(_ own: [Event]) {
    for thread in 0..<2 {
      let parts = own.filter { $0.ph == "X" && $0.tid == thread && !$0.name.hasPrefix("step ") }
      let leader = ["sum", "reduce", "wait", "update"]
      for name in ["data", "forward", "backward"] + (thread == 0 ? leader : []) {
        let count = parts.count { $0.name == name }
        #expect(count >= 12, "\(name) on thread \(thread)")
      }
      var end = -Double.infinity
      for part in parts {
        #expect(part.range.lowerBound >= end - 0.002)
        end = part.range.upperBound
      }
    }
  }

  /// The arena of 225,034 gradients has four buckets of 64 Ki.
  private func checkBuckets(_ own: [Event]) {
    for bucket in 0..<4 {
      let spans = own.filter { $0.name == "bucket \(bucket)" && $0.id2 == ["local": "\(bucket)"] }
      let begins = spans.filter { $0.ph == "b" }.compactMap(\.ts)
      let ends = spans.filter { $0.ph == "e" }.compactMap(\.ts)
      #expect(begins.count == 12 && ends.count == 12)
      #expect(zip(begins, ends).allSatisfy { $0 < $1 })
    }
  }
}
