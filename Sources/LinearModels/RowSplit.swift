import Hashing

/// Which rows are trained on, and which are tested.
package enum RowSplit: Sendable {
  /// Those whose `uniform` number is below the share: the rows of a smaller share are among those of a larger one.
  case share(Double, seed: UInt64)
  /// Those of these names.
  case listed(Set<String>, label: Double)

  /// The share of rows that are trained on, as it was asked for.
  package var share: Double {
    switch self {
    case .share(let share, _): share
    case .listed(_, let label): label
    }
  }

  package func trains(on name: String) -> Bool {
    switch self {
    case .share(let share, let seed): Self.uniform(name, seed: seed) < share
    case .listed(let names, _): names.contains(name)
    }
  }

  /// A number in [0, 1) that is a function of seed and file name alone: the first 53 bits of the XXH3 hash of
  /// `SEED/NAME`.
  package static func uniform(_ name: String, seed: UInt64) -> Double {
    let text = Array("\(seed)/\(name)".utf8)
    return Double(Fingerprint(text.span.bytes).high >> 11) * 0x1p-53
  }
}
