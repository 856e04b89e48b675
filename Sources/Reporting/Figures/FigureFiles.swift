import Files

/// What gnuplot can be told to draw.
package protocol Drawable: Sendable {
  /// The formats that it is drawn in.
  var formats: [FigureFormat] { get }

  /// What gnuplot reads; it writes the picture to its standard output.
  func script(_ format: FigureFormat) -> [UInt8]
}

extension Drawable {
  /// Draws `<name>.png`, and `<name>.svg` where there is one, into a directory. Without gnuplot it writes what
  /// gnuplot would draw, `<name>.gp`, and says how.
  ///
  /// - Returns: the files' paths.
  /// - Throws: `FigureError` when gnuplot cannot draw it, `OutputError` when a file cannot be written.
  package func draw(_ name: String, in directory: String) throws -> [String] {
    let path = "\(directory)/\(name)"
    guard DrawingProgram.gnuplot.isInstalled else {
      try writeAtomically(script(.png), to: "\(path).gp")
      printNote("gnuplot draws \(path).gp: apt install gnuplot-nox; then gnuplot \(path).gp >\(path).png")
      return ["\(path).gp"]
    }
    return try formats.map { format in
      let picture = try DrawingProgram.gnuplot.draw(script(format), timeLimit: 60)
      try writeAtomically(picture, to: "\(path).\(format)")
      return "\(path).\(format)"
    }
  }
}
