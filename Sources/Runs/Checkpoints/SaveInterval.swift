import Engine
import Models

/// How often checkpoints are written.
package enum SaveInterval: Equatable, Sendable {
  case never
  case epochs(Int)
  case steps(Int)
  case minutes(Double)
}

extension SaveInterval: Codable, CustomStringConvertible {
  /// `none`, `2` (epochs), `500steps`, `10min`; nil for anything else.
  package init?(_ text: String) {
    func number<Number: LosslessStringConvertible & Comparable & ExpressibleByIntegerLiteral>(
      before unit: String, _ type: Number.Type
    ) -> Number? {
      guard text.hasSuffix(unit), let number = Number(String(text.dropLast(unit.count))), number > 0 else {
        return nil
      }
      return number
    }
    if text == "none" {
      self = .never
    } else if let count = number(before: "", Int.self) {
      self = .epochs(count)
    } else if let count = number(before: "steps", Int.self) {
      self = .steps(count)
    } else if let minutes = number(before: "min", Double.self), minutes.isFinite {
      self = .minutes(minutes)
    } else {
      return nil
    }
  }

  package var description: String {
    switch self {
    case .never: "none"
    case .epochs(let count): "\(count)"
    case .steps(let count): "\(count)steps"
    case .minutes(let minutes): "\(minutes)min"
    }
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let interval = SaveInterval(text) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "no interval: \(text)")
    }
    self = interval
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}

/// Says when a checkpoint is due.
package struct SaveTimer {
  private let interval: SaveInterval
  private var last = ContinuousClock.now

  package init(_ interval: SaveInterval) { self.interval = interval }

  package var isOn: Bool { interval != .never }

  /// Clocks differ: one rank decides for all.
  package var isTimeUp: Bool {
    guard case .minutes(let minutes) = interval else { return false }
    return (ContinuousClock.now - last).seconds >= 60 * minutes
  }

  /// - Parameter step: number of steps done.
  package func isDue(afterStep step: Int) -> Bool {
    guard case .steps(let count) = interval else { return false }
    return step % count == 0
  }

  /// - Parameter epoch: number of epochs done.
  package func isDue(afterEpoch epoch: Int) -> Bool {
    guard case .epochs(let count) = interval else { return false }
    return epoch % count == 0
  }

  package mutating func saved() { last = ContinuousClock.now }
}
