import Foundation
import Reporting
import TestSupport
import Testing

@Suite struct EvaluationFigureTests {
  private func draw(
    _ figure: some Drawable, _ body: (_ files: [String: [UInt8]]) throws -> Void
  ) throws {
    try withTemporaryDirectory { directory in
      let paths = try figure.draw("figure", in: directory)
      let files = try paths.map { path in
        (URL(fileURLWithPath: path).pathExtension, Array(try Data(contentsOf: URL(fileURLWithPath: path))))
      }
      try body(Dictionary(uniqueKeysWithValues: files))
    }
  }

  /// Width and height.
  private func size(ofPNG bytes: [UInt8]) -> [Int] {
    [16, 20].map { bytes[$0..<$0 + 4].reduce(0) { $0 << 8 | Int($1) } }
  }

  /// A matrix with 100 samples a class, of which some are taken for the next class.
  private func figure(_ names: [String], wrong: Int) -> ConfusionFigure {
    let counts = names.indices.map { row in
      names.indices.map { column in
        column == row ? 100 - wrong : column == (row + 1) % names.count ? wrong : 0
      }
    }
    return ConfusionFigure(title: "it's 100 % on _{test}", names: names, counts: counts)
  }

  @Test(.enabled(if: hasGnuplot, Comment(rawValue: gnuplotHint)), arguments: [2, 10, 37, 100, 150, 1000])
  func matricesOfAnySizeAreDrawn(classes: Int) throws {
    let names = (0..<classes).map { "class_\($0)" }
    try draw(figure(names, wrong: 7)) { files in
      let png = try #require(files["png"])
      let (width, height) = (size(ofPNG: png)[0], size(ofPNG: png)[1])
      #expect((400...2300).contains(width) && (400...2300).contains(height), "\(width) x \(height)")
      let svg = String(decoding: try #require(files["svg"]), as: UTF8.self)
      for text in ["true class", "prediction", "share of the true class", "100 % on _{test}"] {
        #expect(svg.contains(text), "\(text)")
      }
      // All names where there is room for them, else every so many.
      let named = names.count { svg.contains(">\($0)<") }
      #expect(classes <= 100 ? named == classes : (50...120).contains(named), "\(named) names")
      #expect(svg.contains(">class_0<"))
      #expect(svg.contains(">93<") == (classes <= 37) && svg.contains(">7<") == (classes <= 37))
    }
  }

  @Test(.enabled(if: hasGnuplot, Comment(rawValue: gnuplotHint)))
  func namesAreTakenLiterally() throws {
    let long = "a_very_long_name_of_a_class_that_has_no_room"
    try draw(figure(["50 %", "it's", "a^{b}_c", long], wrong: 0)) { files in
      let svg = String(decoding: try #require(files["svg"]), as: UTF8.self)
      for text in [">50 %<", "a^{b}_c<", ">a_very_long_na…t_has_no_room<"] {
        #expect(svg.contains(text), "\(text)")
      }
    }
  }

  /// gnuplot 5.4 crashes on labels of no data: where all cells are dark, where all are light, and where there are none.
  @Test(.enabled(if: hasGnuplot, Comment(rawValue: gnuplotHint)))
  func emptyPartsAreLeftOut() throws {
    let even = [[Int]](repeating: [Int](repeating: 3, count: 12), count: 12)
    let none = [[Int]](repeating: [Int](repeating: 0, count: 12), count: 12)
    let names = (0..<12).map(String.init)
    for counts in [even, none] {
      try draw(ConfusionFigure(title: "", names: names, counts: counts)) {
        #expect($0["png"]?.isEmpty == false)
      }
    }
    try draw(figure(names, wrong: 100)) { #expect($0["svg"]?.isEmpty == false) }
  }

  private func picture(_ height: Int, _ width: Int, _ words: [String]) -> ImageSheet.Picture {
    let pixels = (0..<height * width * 3).map { UInt8(truncatingIfNeeded: $0 * 7) }
    return ImageSheet.Picture(height: height, width: width, pixels: pixels, words: words)
  }

  @Test(.enabled(if: hasGnuplot, Comment(rawValue: gnuplotHint)))
  func sheetsHaveRowsOfEight() throws {
    var heights: [Int] = []
    for count in [0, 1, 8, 9, 16] {
      let shapes = [(28, 28), (200, 120), (1, 1), (90, 200)]
      let pictures = (0..<count).map {
        picture(shapes[$0 % 4].0, shapes[$0 % 4].1, ["it's \($0) → %", "1 %"])
      }
      try draw(ImageSheet(title: "\(count) mistakes", pictures: pictures)) { files in
        #expect(files.keys.sorted() == ["png"])
        let size = size(ofPNG: try #require(files["png"]))
        #expect(size[0] == 1786)
        heights.append(size[1])
      }
    }
    #expect(heights[1] == heights[2] && heights[3] == heights[4])
    #expect(heights[0] < heights[1] && heights[1] < heights[3])
  }

  @Test func scriptsHoldThePixels() {
    let picture = picture(3, 5, ["truth", "a line with more letters than there is room for"])
    let script = ImageSheet(title: "", pictures: [picture]).script(.png)
    let command = Array("array=(5,3) format='%uchar' using 1:2:3 with rgbimage\n".utf8)
    let start = script.firstRange(of: command)?.upperBound
    #expect(start.map { Array(script[$0..<$0 + 45]) } == picture.pixels)
    #expect(script.firstRange(of: Array("'a line wit… room for'".utf8)) != nil)
  }

  @Test(.enabled(if: hasGnuplot, Comment(rawValue: gnuplotHint)))
  func learningRatesAreDrawn() throws {
    let rates = (0..<40).map { 1e-7 * Foundation.pow(1.6, Double($0)) }
    let losses = (0..<40).map { $0 < 30 ? 2.3 - 0.05 * Double($0) : 1e6 }
    let figure = LearningRateFigure(
      title: "loss", xLabel: "--lr", rates: rates, losses: losses, smoothed: losses.map { min($0, 5) },
      suggestions: [("steepest descent: 0.01", 0.01), ("minimum / 10: 0.002", 0.002)])
    try draw(figure) { files in
      let svg = String(decoding: try #require(files["svg"]), as: UTF8.self)
      for text in ["steepest descent: 0.01", "minimum / 10: 0.002", "smoothed loss", "1e-06", "--lr"] {
        #expect(svg.contains(text), "\(text)")
      }
      #expect(size(ofPNG: try #require(files["png"]))[0] == 1800)
    }
    try draw(
      LearningRateFigure(title: "", xLabel: "", rates: [], losses: [], smoothed: [], suggestions: [])
    ) { #expect($0.count == 2) }
  }
}
