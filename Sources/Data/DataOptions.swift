/// How a data set is to be read, where its files do not say it.
package struct DataOptions: Sendable, Codable, Equatable {
  /// Exchange height and width of IDX images, as EMNIST's are stored on their side.
  package var transpose = false
  /// What the files call the first class.
  package var firstLabel = 0
  /// Share of image files that may be left out as they cannot be read.
  package var mostBad = 0.01

  /// Seconds that a file system has to answer, each time that it is asked; 0 for any.
  package var timeout = 240.0

  /// Where decoded images are kept.
  package var cache = Cache.auto

  /// What becomes of image files when they have been decoded.
  package enum Cache: String, Sendable, Codable, CaseIterable {
    /// As `memory` where that takes at most half of the memory that is left, else as `none`.
    case auto
    /// They stay in memory, on every rank.
    case memory
    /// They are decoded again whenever they are read.
    case none
  }

  package init() {}

  /// Labels are from the first one on to the one so many behind it.
  package static let mostClasses = 1 << 20
}

extension DataOptions {
  /// What older configurations do not say has its default.
  package init(from decoder: any Decoder) throws {
    self.init()
    let stored = try decoder.container(keyedBy: CodingKeys.self)
    transpose = try stored.decodeIfPresent(Bool.self, forKey: .transpose) ?? transpose
    firstLabel = try stored.decodeIfPresent(Int.self, forKey: .firstLabel) ?? firstLabel
    mostBad = try stored.decodeIfPresent(Double.self, forKey: .mostBad) ?? mostBad
    timeout = try stored.decodeIfPresent(Double.self, forKey: .timeout) ?? timeout
    cache = try stored.decodeIfPresent(Cache.self, forKey: .cache) ?? cache
  }
}
