/// All who are told how a run goes, in the order in which they are told.
package final class RunObservers {
  private var observers: [any RunObserver]
  private let console: Console

  package init(_ observers: [any RunObserver], _ console: Console) {
    self.observers = observers
    self.console = console
  }

  /// Tells them that the run begins.
  ///
  /// - Throws: what an essential observer throws: the run cannot begin.
  package func begin(_ start: RunStart) throws {
    try observers.filter(\.isEssential).forEach { try $0.runBegan(start) }
    tell(observers.filter { !$0.isEssential }) { try $0.runBegan(start) }
  }

  package func stepEnded(_ progress: StepProgress) { tell(observers) { try $0.stepEnded(progress) } }

  package func stepRecorded(_ record: StepRecord) { tell(observers) { try $0.stepRecorded(record) } }

  package func epochEnded(_ epoch: EpochEnd) { tell(observers) { try $0.epochEnded(epoch) } }

  /// Tells them that the run is complete, each also what the others before it have left in the directory.
  package func end(_ end: RunEnd) {
    var end = end
    for observer in observers {
      tell([observer], goesOn: false) { try $0.runEnded(end) }
      if observers.contains(where: { $0 === observer }) { end.files += observer.files }
    }
  }

  package func stop(_ stop: RunStop) { tell(observers, goesOn: false) { try $0.runStopped(stop) } }

  /// - Parameter goesOn: the run is not at its end.
  private func tell(
    _ told: [any RunObserver], goesOn: Bool = true, _ event: (any RunObserver) throws -> Void
  ) {
    for observer in told {
      do { try event(observer) } catch {
        console.warn("\(error)\(goesOn && !observer.isEssential ? "; the run goes on without it" : "")")
        if !observer.isEssential { observers.removeAll { $0 === observer } }
      }
    }
  }
}
