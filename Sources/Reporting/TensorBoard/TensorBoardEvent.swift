import Files

/// A record of a TensorBoard event file, and its encoding: the message `Event` of TensorFlow's `event.proto`,
/// with `Summary` and `HistogramProto` of `summary.proto`. The numbers are those of the fields there.
enum TensorBoardEvent {
  /// The first record of a file.
  case fileVersion
  /// A run goes on: what an earlier file says of step `step` and later ones no longer holds.
  case restart(step: Int)
  case scalars(step: Int, [(tag: String, value: Double)])
  case histogram(step: Int, tag: String, Histogram)

  /// - Parameter time: seconds since 1970.
  func message(time: Double) -> ProtobufMessage {
    var event = ProtobufMessage()
    event.add(1, time)
    switch self {
    case .fileVersion:
      event.add(3, "brain.Event:2")
    case .restart(let step):
      event.add(2, Int64(step))
      var sessionLog = ProtobufMessage()
      sessionLog.add(1, 1 as Int64)  // START
      event.add(7, sessionLog)
    case .scalars(let step, let scalars):
      event.add(2, Int64(step))
      var summary = ProtobufMessage()
      for scalar in scalars {
        var value = ProtobufMessage()
        value.add(1, scalar.tag)
        value.add(2, Float(scalar.value))
        summary.add(1, value)
      }
      event.add(5, summary)
    case .histogram(let step, let tag, let histogram):
      event.add(2, Int64(step))
      var value = ProtobufMessage()
      value.add(1, tag)
      value.add(5, histogram.message)
      var summary = ProtobufMessage()
      summary.add(1, value)
      event.add(5, summary)
    }
    return event
  }
}

extension Histogram {
  fileprivate var message: ProtobufMessage {
    var message = ProtobufMessage()
    message.add(1, minimum)
    message.add(2, maximum)
    message.add(3, Double(count))
    message.add(4, sum)
    message.add(5, sumOfSquares)
    message.add(6, limits)
    message.add(7, counts)
    return message
  }
}
