import Files
import Reporting

extension ScalingReport {
  /// Writes `scaling.csv`, `.json`, `.png`, `.svg` and `.html` into `directory`.
  ///
  /// - Returns: the files' paths, and why there are no figures, where there are none.
  /// - Throws: `OutputError`.
  package func write(to directory: String) throws -> (files: [String], noFigures: FigureError?) {
    let directory = withoutSlash(directory)
    try makeDirectory(directory)
    var written: [String] = []
    func write(_ bytes: [UInt8], _ ending: String) throws {
      let path = "\(directory)/scaling.\(ending)"
      try writeAtomically(bytes, to: path)
      written.append(path)
    }
    try write(Array(csv.utf8), "csv")
    try write(json(), "json")
    var (svg, failure): ([UInt8]?, FigureError?) = (nil, nil)
    do {
      for format in FigureFormat.allCases {
        let picture = try ScalingFigure.draw(studies.map(\.curve), title: figureTitle, format)
        try write(picture, format.rawValue)
        if format == .svg { svg = picture }
      }
    } catch let error as FigureError {
      failure = error
    }
    try write(Array(page(svg: svg.map { String(decoding: $0, as: UTF8.self) }).utf8), "html")
    return (written, failure)
  }

  private var figureTitle: String {
    Set(studies.map(\.title)).count == 1 ? studies[0].title : "\(studies.count) scaling studies"
  }
}

extension ScalingReport.Study {
  fileprivate var curve: ScalingCurve {
    ScalingCurve(
      name: label,
      measured: points.map { point in
        let bounds = point.imagesPerSecondLow.flatMap { low in
          point.imagesPerSecondHigh.map { min(low, point.imagesPerSecond)...max($0, point.imagesPerSecond) }
        }
        return ScalingCurve.Point(
          ranks: point.ranks, imagesPerSecond: point.imagesPerSecond, bounds: bounds,
          isOversubscribed: point.isOversubscribed)
      },
      model: projection.filter { $0.ranks >= points[0].ranks }.map { row in
        ScalingCurve.Point(
          ranks: row.ranks, imagesPerSecond: row.imagesPerSecond, bounds: row.low...row.high,
          isOversubscribed: false)
      })
  }
}
