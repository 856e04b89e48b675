import Reporting

extension FigureFormat {
  /// By the end of a file's name; nil for no known one.
  init?(ofFile path: String) {
    guard let format = Self.allCases.first(where: { path.hasSuffix(".\($0)") }) else { return nil }
    self = format
  }
}

extension ValueKind<String> {
  /// The path of a figure.
  static var figureFile: Self {
    Self(
      placeholder: "FILE.png|FILE.svg",
      parse: { text throws(ValueError) in
        guard FigureFormat(ofFile: text) != nil else {
          throw ValueError(expected: "a file name that ends in .png or .svg")
        }
        return text
      }, show: { $0 })
  }
}
