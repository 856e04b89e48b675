import Networks

/// What a shell can offer where a value is due. It is read from the placeholder that the help shows.
struct CompletedValue: Hashable {
  enum Paths: String { case none, directories, files }

  /// Words that are values themselves, such as `synthetic`.
  var words: [String] = []
  /// Which paths may be values.
  var paths = Paths.none

  /// Alternatives with bars between: words in small letters stand for themselves, `NAME` for the models that come
  /// with the program, `DIR` and `RUN` for directories, `FILE` (also with an ending) and `PATH` for files. Anything
  /// else, such as `N`, is a number or text, which no shell knows.
  init(placeholder: String) {
    for part in placeholder.split(separator: "|") {
      switch part {
      case "NAME": words += ModelZoo.models.map(\.name)
      case "DIR", "RUN": paths = paths == .files ? .files : .directories
      case "PATH": paths = .files
      case _ where part.hasPrefix("FILE"): paths = .files
      case _ where part.allSatisfy({ $0.isLowercase || $0.isNumber }): words.append(String(part))
      default: break
      }
    }
  }

  /// There is nothing to offer.
  var isEmpty: Bool { words.isEmpty && paths == .none }

  /// As arguments of the scripts' functions that offer it, such as `directories synthetic`.
  var arguments: String { ([paths.rawValue] + words).joined(separator: " ") }
}
