/// Small pictures in rows, each with words under it.
package struct ImageSheet: Drawable {
  package struct Picture: Sendable {
    package let height: Int
    package let width: Int
    /// (height, width, 3): red, green, blue.
    package let pixels: [UInt8]
    /// Lines of words.
    package let words: [String]

    package init(height: Int, width: Int, pixels: [UInt8], words: [String]) {
      precondition(
        pixels.count == height * width * 3 && height > 0 && width > 0,
        "\(pixels.count) bytes, \(height)x\(width)")
      (self.height, self.width, self.pixels, self.words) = (height, width, pixels, words)
    }
  }

  private let title: String
  private let pictures: [Picture]

  package init(title: String, pictures: [Picture]) {
    (self.title, self.pictures) = (title, pictures)
  }

  /// The pixels of an SVG file would be a PNG file in it.
  package var formats: [FigureFormat] { [.png] }

  /// The longer side of a picture, in pixels: larger ones should be made so small, smaller ones are drawn with
  /// larger pixels.
  package static let pictureSide = 200
  private static let columns = 8
  private static let (titleHeight, margin, gap, foot) = (96.0, 30.0, 18.0, 24.0)
  fileprivate static let (letterSize, lineHeight) = (18.5, 25.0)

  /// How many letters have room under a picture; of longer lines the middle is left out.
  package static let lettersInLine = Int((Double(pictureSide) + gap - 8) / textWidth(1, size: letterSize))

  private static let width = 2 * margin + Double(columns * pictureSide) + gap * Double(columns - 1)

  package func script(_ format: FigureFormat) -> [UInt8] {
    let rows = (pictures.count + Self.columns - 1) / Self.columns
    let lines = pictures.map(\.words.count).max() ?? 0
    let rowHeight = Double(Self.pictureSide) + 12 + Self.lineHeight * Double(lines) + Self.foot
    let height = Self.titleHeight + (rows == 0 ? 80 : rowHeight * Double(rows))
    let head = """
      \(format.terminal(width: Int(Self.width), height: Int(height)))
      set label 1 \(Figure.quoted(title)) at screen 0.5,\(1 - 42 / height) center noenhanced
      unset key
      unset tics
      unset border
      \(pictures.isEmpty ? "set label 2 'none' at screen 0.5,0.3 center tc rgb '#808080'\nplot [0:1] [0:1] NaN" : "")

      """
    var script = Array(head.utf8)
    for (index, picture) in pictures.enumerated() {
      let left =
        Self.margin + Double(index % Self.columns) * (Double(Self.pictureSide) + Self.gap)
      let top = Self.titleHeight + Double(index / Self.columns) * rowHeight
      script += Array(picture.script(left: left, top: top, Self.width, height, format).utf8)
      script += picture.pixels + Array("\nunset label\n".utf8)
    }
    return script + Array("unset multiplot\n".utf8)
  }
}

extension ImageSheet.Picture {
  /// What draws the picture in a square of a sheet, and its words below; the pixels have to follow.
  ///
  /// - Parameters:
  ///   - left, top: of the square, in pixels.
  ///   - sheetWidth, sheetHeight: in pixels.
  fileprivate func script(
    left: Double, top: Double, _ sheetWidth: Double, _ sheetHeight: Double, _ format: FigureFormat
  ) -> String {
    let side = Double(ImageSheet.pictureSide)
    let scale = side / Double(max(height, width))
    let (ownWidth, ownHeight) = (scale * Double(width), scale * Double(height))
    let start = left + (side - ownWidth) / 2
    // Pictures that are not as high as others stand on the same line.
    let end = top + side
    let labels = words.enumerated().map { index, line in
      let shown = shortened(line, to: ImageSheet.lettersInLine)
      let (x, y) = (left + side / 2, end + 24 + ImageSheet.lineHeight * Double(index))
      return
        "set label \(10 + index) \(Figure.quoted(shown)) at screen \(x / sheetWidth),\(1 - y / sheetHeight) "
        + "center noenhanced \(format.font(ImageSheet.letterSize)) tc rgb '\(index == 0 ? "#000000" : "#404040")'"
    }
    return """
      set lmargin at screen \(start / sheetWidth)
      set rmargin at screen \((start + ownWidth) / sheetWidth)
      set tmargin at screen \(1 - (end - ownHeight) / sheetHeight)
      set bmargin at screen \(1 - end / sheetHeight)
      set xrange [-0.5:\(Double(width) - 0.5)]
      set yrange [\(Double(height) - 0.5):-0.5]
      \(labels.joined(separator: "\n"))
      plot '-' binary array=(\(width),\(height)) format='%uchar' using 1:2:3 with rgbimage

      """
  }
}
