/// How a data set is to be read, where its files do not say it.
package struct DataOptions: Sendable, Codable, Equatable {
  /// Exchange height and width of IDX images, as EMNIST's are stored on their side.
  package var transpose = false
  /// What the files call the first class.
  package var firstLabel = 0
  /// Share of image files that may be left out as they cannot be read.
  package var mostBad = 0.01

  package init() {}

  /// Labels are from the first one on to the one so many behind it.
  package static let mostClasses = 1 << 20
}
