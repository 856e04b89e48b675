/// Draws `training_metrics.png` and `.svg` when a run is complete.
package final class TrainingFigures: RunObserver {
  private let directory: RunDirectory
  /// What was run, such as `mnist-cnn on 2 ranks`.
  private let title: String
  package private(set) var files: [String] = []

  package init(in directory: RunDirectory, title: String) {
    self.directory = directory
    self.title = title
  }

  package func runEnded(_ end: RunEnd) throws {
    guard !end.results.epochs.isEmpty else { return }
    let run = try RunMetrics(directory: directory.path, title: title)
    for format in FigureFormat.allCases {
      let name = TrainingFigure.name(format)
      try TrainingFigure.draw(run, format, to: directory.file(name))
      files.append(name)
    }
  }
}
