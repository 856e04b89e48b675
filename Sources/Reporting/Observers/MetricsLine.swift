import Files

/// A line of `metrics.jsonl`.
///
///     {"step":50,"epoch":1,"samples":6400,"loss":1.21,...}
///     {"event":"epoch","step":469,"epoch":1,"train_loss":0.23,...}
package enum MetricsLine: Sendable {
  case step(StepRecord)
  /// An epoch, and how many steps there were since the start of training.
  case epoch(EpochMetrics, step: Int)

  /// The line with its end. Numbers read back exactly.
  package var bytes: [UInt8] {
    var line = JSONLine()
    switch self {
    case .step(let record): for column in record.columns { line.add(column.name, column.value) }
    case .epoch(let metrics, let step):
      line.add("event", Self.epochEvent)
      line.add("step", .whole(step))
      line.add("epoch", .whole(metrics.epoch))
      for column in metrics.columns { line.add(column.name, .number(column.value)) }
    }
    return line.bytes
  }

  /// What `bytes` made, with or without the line's end; nil for anything else, such as a line that was cut off.
  package init?(_ bytes: some Sequence<UInt8>) {
    let bytes = Array(bytes)
    func decoded<Value: Decodable>(_ type: Value.Type) -> Value? {
      try? decodeJSON(
        type, from: bytes, path: "metrics.jsonl", as: "a line of it", keys: .convertFromSnakeCase)
    }
    guard let kind = decoded(Kind.self) else { return nil }
    if kind.event == Self.epochEvent, let metrics = decoded(EpochMetrics.self) {
      self = .epoch(metrics, step: kind.step)
    } else if kind.event == nil, let record = decoded(StepRecord.self) {
      self = .step(record)
    } else {
      return nil
    }
  }

  private struct Kind: Decodable {
    var event: String?
    var step: Int
  }

  private static let epochEvent = "epoch"
}
