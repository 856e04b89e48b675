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

  /// 12 steps of 4 micro-batches on 2 ranks of 2 threads.
  @Test(arguments: [[], ["--reproducible"]])
  func allPartsOfAllRanksAreThere(_ more: [String]) throws {
    try withTemporaryDirectory { directory in
      let program = try Program.run(
        [
          "--train-samples", "768", "--test-samples", "64", "--epochs", "2", "--global-batch", "128",
          "--micro-batch", "32", "--threads", "2", "--trace", "--out", directory,
        ] + more, ranks: 2)
      #expect(program.exitCode == 0, "\(program.errors)")
      let data = try Data(contentsOf: URL(fileURLWithPath: "\(directory)/trace.json"))
      let events = try JSONDecoder().decode(Trace.self, from: data).traceEvents
      for rank in 0..<2 {
        let own = events.filter { $0.pid == rank }
        let steps = own.filter { $0.name.hasPrefix("step ") }
        #expect(steps.map(\.name) == (1...12).map { "step \($0)" })
        #expect(own.contains { $0.ph == "M" && $0.name == "process_name" })
        for thread in 0..<2 {
          let parts = own.filter { $0.ph == "X" && $0.tid == thread && !$0.name.hasPrefix("step ") }
          for name in ["data", "forward", "backward"]
            + (thread == 0 ? ["sum", "reduce", "wait", "update"] : [])
          {
            #expect(parts.count { $0.name == name } >= 12, "\(name) on thread \(thread) of rank \(rank)")
          }
          // One after the other; those of the leading thread fill the steps.
          #expect(
            zip(parts, parts.dropFirst()).allSatisfy { $0.range.upperBound <= $1.range.lowerBound + 0.002 })
          guard thread == 0 else { continue }
          for step in steps {
            let inside = parts.filter { step.range.contains(($0.range.lowerBound + $0.range.upperBound) / 2) }
            let sum = inside.reduce(0) { $0 + ($1.dur ?? 0) }
            #expect(sum <= step.dur! + 0.1 && sum >= 0.9 * step.dur!, "\(sum) of \(step.dur!) us")
          }
        }
        // The arena of 225,034 gradients has four buckets of 64 Ki.
        for bucket in 0..<4 {
          let spans = own.filter { $0.id2?["local"] == "\(bucket)" && $0.name == "bucket \(bucket)" }
          let (begins, ends) = (spans.filter { $0.ph == "b" }, spans.filter { $0.ph == "e" })
          #expect(begins.count == 12 && ends.count == 12)
          #expect(zip(begins, ends).allSatisfy { $0.ts! < $1.ts! })
        }
      }
    }
  }
}
