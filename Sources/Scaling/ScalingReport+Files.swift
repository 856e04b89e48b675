import Files
import Reporting

extension ScalingReport {
  /// Writes `scaling.csv`, `.json`, `.png`, `.svg` and `.html` into `directory`.
  ///
  /// - Returns: the files' paths.
  /// - Throws: `OutputError` or `FigureError`; what needs no figure is written by then.
  package func write(to directory: String) throws -> [String] {
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
    var svg: [UInt8] = []
    for format in FigureFormat.allCases {
      let picture = try ScalingFigure.draw(studies.map(\.curve), title: figureTitle, format)
      try write(picture, format.rawValue)
      if format == .svg { svg = picture }
    }
    try write(Array(page(svg: String(decoding: svg, as: UTF8.self)).utf8), "html")
    return written
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
