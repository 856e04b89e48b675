import Engine
import Files
import MPI
import Parallel
import System
import Tensors

/// What all threads of a rank did when, for a trace in the format of Chrome and Perfetto
/// (<https://ui.perfetto.dev>): *Trace Event Format*, Google 2016.
final class Trace {
  package static let fileName = "trace.json"
  /// Spans of a thread that there is room for.
  static let capacity = 1 << 18

  let steps: Timeline
  fileprivate let threads: [Timeline]
  fileprivate let buckets: Timeline

  init(origin: ContinuousClock.Instant, threads: Int) {
    func timeline() -> Timeline { Timeline(origin: origin, capacity: Self.capacity) }
    steps = timeline()
    self.threads = (0..<threads).map { _ in timeline() }
    buckets = timeline()
  }

  /// Bytes of a rank's timelines: its threads', its steps' and its buckets'.
  static func memory(threads: Int) -> Double {
    Double((threads + 2) * capacity * MemoryLayout<Timeline.Span>.stride)
  }

  /// Writes the spans of all ranks, rank by rank, so that rank 0 never holds more than one other's.
  ///
  /// - Parameter path: on rank 0.
  /// - Returns: true when there was no room for all.
  func write(to path: String?, _ world: World) throws -> Bool {
    let own = events(rank: world.rank, host: world.hosts[world.rank])
    var file = try world.agree { try path.map { AtomicFileBox(try AtomicFile(path: $0)) } }
    for rank in 0..<world.size {
      let bytes = try world.receiveAtRoot(own, from: rank)
      let isLast = rank == world.size - 1
      try world.agree {
        try file?.append(rank == 0 ? "{\"displayTimeUnit\":\"ms\",\"traceEvents\":[\n" : ",\n")
        try file?.append(bytes)
        if isLast { try file?.append("\n]}\n") }
      }
    }
    try world.agree { try file?.commit() }
    file = nil
    return try world.communicator.allReduce(
      (threads + [steps, buckets]).contains { $0.isCut } ? 1 : 0, .maximum) == 1
  }

  /// This rank's events, separated by commas. Processes are ranks.
  private func events(rank: Int, host: String) -> [UInt8] {
    var writer = TraceWriter(rank: rank)
    writer.name(process: "rank \(rank) (\(host))")
    for (number, thread) in threads.enumerated() {
      writer.name(thread: number, "thread \(number)")
      if number == 0 {
        for span in steps.spans { writer.complete("step \(span.number)", thread: 0, span) }
      }
      for span in thread.spans {
        writer.complete("\(StepPart(rawValue: Int(span.label))!)", thread: number, span)
      }
    }
    for span in buckets.spans { writer.asynchronous("bucket \(span.number)", id: Int(span.number), span) }
    return writer.bytes
  }
}

extension TrainingStrategy {
  /// From now on all threads and reductions are traced. The ranks' clocks are set alike when all have come
  /// here.
  func startTrace() throws -> Trace {
    try world.communicator.barrier()
    let trace = Trace(origin: .now, threads: engine.threads)
    self.trace(steps: trace.steps, threads: trace.threads, buckets: trace.buckets)
    return trace
  }
}

/// Writes events as JSON.
private struct TraceWriter {
  let rank: Int
  private(set) var bytes: [UInt8] = []

  init(rank: Int) { self.rank = rank }

  mutating func name(process: String) { metadata("process_name", thread: 0, process) }

  mutating func name(thread: Int, _ name: String) { metadata("thread_name", thread: thread, name) }

  private mutating func metadata(_ kind: String, thread: Int, _ name: String) {
    add("\"ph\":\"M\",\"name\":\"\(kind)\",\"tid\":\(thread),\"args\":{\"name\":\(jsonString(name))}")
  }

  mutating func complete(_ name: String, thread: Int, _ span: Timeline.Span) {
    let duration = microseconds(span.end - span.start)
    add(
      "\"ph\":\"X\",\"name\":\"\(name)\",\"tid\":\(thread),\"ts\":\(microseconds(span.start)),\"dur\":\(duration)"
    )
  }

  /// A span that is not on a thread: those of one `id` follow one another.
  mutating func asynchronous(_ name: String, id: Int, _ span: Timeline.Span) {
    for (phase, time) in [("b", span.start), ("e", span.end)] {
      add(
        "\"ph\":\"\(phase)\",\"cat\":\"reduction\",\"name\":\"\(name)\",\"id2\":{\"local\":\"\(id)\"},\"tid\":0,"
          + "\"ts\":\(microseconds(time))")
    }
  }

  private mutating func add(_ fields: String) {
    bytes += (bytes.isEmpty ? "{\"pid\":\(rank)," : ",\n{\"pid\":\(rank),").utf8
    bytes += fields.utf8
    bytes.append(UInt8(ascii: "}"))
  }

  /// Nanoseconds as microseconds, such as `12.345`.
  private func microseconds(_ nanoseconds: Int64) -> String {
    let rest = String(nanoseconds.magnitude % 1000)
    return "\(nanoseconds / 1000).\(String(repeating: "0", count: 3 - rest.count))\(rest)"
  }
}

/// An atomic file that closures can write to.
private final class AtomicFileBox {
  private var file: AtomicFile

  init(_ file: consuming AtomicFile) { self.file = file }

  func append(_ bytes: [UInt8]) throws { try file.append(bytes.span.bytes) }
  func append(_ text: String) throws { try append(Array(text.utf8)) }
  func commit() throws { try file.commit() }
}

extension World {
  /// The bytes of rank `rank`, on rank 0; nothing elsewhere. All ranks call it.
  fileprivate func receiveAtRoot(_ own: [UInt8], from rank: Int) throws -> [UInt8] {
    let counts = try communicator.allGather(own.count)
    if rank == 0 { return isRoot ? own : [] }
    var requests = RequestSet(capacity: 1)
    var received = [UInt8](repeating: 0, count: isRoot ? counts[rank] : 0)
    try own.withUnsafeBufferPointer { sent in
      try received.withUnsafeMutableBufferPointer { buffer in
        if isRoot { try communicator.startReceive(buffer, from: rank, adding: &requests) }
        if self.rank == rank { try communicator.startSend(sent, to: 0, adding: &requests) }
        try requests.wait()
      }
    }
    return received
  }
}
