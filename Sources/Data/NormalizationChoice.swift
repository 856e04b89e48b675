/// Where the normalization of the training images comes from.
package enum NormalizationChoice: Equatable, Sendable {
  /// The training images.
  case measured
  /// A data set whose statistics are known.
  case known(Known)
  case given(Normalization)

  /// Data sets whose statistics are usual, as torchvision's documentation and papers have them.
  package enum Known: String, CaseIterable, Sendable {
    case mnist
    case fashionMNIST = "fashion-mnist"
    case cifar10
    case cifar100
    case imageNet = "imagenet"

    package var normalization: Normalization {
      switch self {
      case .mnist: Normalization(mean: [0.1307], deviation: [0.3081])
      case .fashionMNIST: Normalization(mean: [0.2860], deviation: [0.3530])
      case .cifar10: Normalization(mean: [0.4914, 0.4822, 0.4465], deviation: [0.2470, 0.2435, 0.2616])
      case .cifar100: Normalization(mean: [0.5071, 0.4865, 0.4409], deviation: [0.2673, 0.2564, 0.2762])
      case .imageNet: Normalization(mean: [0.485, 0.456, 0.406], deviation: [0.229, 0.224, 0.225])
      }
    }
  }

  /// It has a name.
  package var isNamed: Bool { if case .given = self { false } else { true } }

  /// What is not measured, checked.
  ///
  /// - Returns: nil for `measured`.
  /// - Throws: where it is for images of other channels.
  package func normalization(channels: Int) throws(DataError) -> Normalization? {
    let fixed: Normalization
    switch self {
    case .measured: return nil
    case .known(let known): fixed = known.normalization
    case .given(let given): fixed = given
    }
    guard fixed.mean.count == channels else {
      throw DataError(
        "the normalization \(self)", expected: "as many numbers as the images have channels, \(channels)",
        found: "\(fixed.mean.count)")
    }
    return fixed
  }
}

extension NormalizationChoice: CustomStringConvertible, Codable {
  /// As `measured`, a data set's name, or means, a slash and deviations: `0.5,0.5,0.5/0.2,0.2,0.2`.
  ///
  /// - Returns: nil for anything else.
  package init?(_ text: String) {
    if text == "measured" {
      self = .measured
    } else if let known = Known(rawValue: text) {
      self = .known(known)
    } else {
      let parts = text.split(separator: "/", omittingEmptySubsequences: false).map { part in
        part.split(separator: ",", omittingEmptySubsequences: false).map { Float($0) ?? .nan }
      }
      guard parts.count == 2, parts[0].count == parts[1].count, parts[0].allSatisfy(\.isFinite),
        parts[1].allSatisfy({ $0.isFinite && $0 > 0 })
      else { return nil }
      self = .given(Normalization(mean: parts[0], deviation: parts[1]))
    }
  }

  package var description: String {
    func list(_ numbers: [Float]) -> String { numbers.map { "\($0)" }.joined(separator: ",") }
    return switch self {
    case .measured: "measured"
    case .known(let known): known.rawValue
    case .given(let given): "\(list(given.mean))/\(list(given.deviation))"
    }
  }

  package init(from decoder: any Decoder) throws {
    let container = try decoder.singleValueContainer()
    let text = try container.decode(String.self)
    guard let choice = Self(text) else {
      throw DecodingError.dataCorruptedError(in: container, debugDescription: "no normalization: \(text)")
    }
    self = choice
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode(description)
  }
}
