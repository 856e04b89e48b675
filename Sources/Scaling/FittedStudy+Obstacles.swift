import Reporting

// Where the model has no meaning, and what is said of that.

extension ScalingStudy {
  /// - Throws: `MissingMeasurement` for runs whose communication `AllReduceModel` does not describe.
  func requireAllReduce() throws(MissingMeasurement) {
    guard reduction.isAllReduce else {
      throw MissingMeasurement(
        description: "it knows the sums of MPI_Allreduce alone, these runs sum otherwise: \(reduction.words)")
    }
  }
}

extension FittedStudy {
  /// A model that is more than so far off on rank counts between those measured tells nothing of others.
  private static let largestMisfit = 0.3

  /// Nor does one of MPI_Allreduce that is more than so far off on the sizes measured. Below that its error
  /// widens the band by as much as communication counts; caches and changes of algorithm alone make some 40 %.
  private static let largestAllReduceMisfit = 0.6

  /// Waiting that is more than so many times the allreduce is for slower ranks.
  private static let largestVisibleShare = 3.0

  /// Why the model tells nothing of other rank counts; empty where it does.
  static func obstacles(_ model: StepModel, _ misfit: Misfit) -> [String] {
    let limit = wholePercent(largestMisfit)
    var obstacles: [String] = []
    if misfit.relativeError > largestMisfit {
      obstacles.append(
        "the model is \(wholePercent(misfit.relativeError)) off "
          + (misfit.isAssumed ? "on its own rank counts" : "on rank counts left out of the fit")
          + ", more than \(limit); more repeats or a quieter machine may mend it, or the runs do not follow the "
          + "model")
    }
    if model.visibleShare > largestVisibleShare {
      obstacles.append(
        "waiting takes \(decimal(model.visibleShare, 1)) times the allreduce alone, more than "
          + "\(decimal(largestVisibleShare, 0)): ranks wait for one another more than for the network, as where "
          + "cores are unequal or busy with other work, and the model would let that grow like the allreduce")
    }
    if model.allReduce.relativeError > largestAllReduceMisfit {
      obstacles.append(
        "the model of the allreduce is \(wholePercent(model.allReduce.relativeError)) off on the sizes and rank "
          + "counts measured, more than \(wholePercent(largestAllReduceMisfit)): the library's algorithms or the network do not follow one "
          + "latency and one bandwidth")
    }
    return obstacles
  }
}

/// Such as `12 %`.
func wholePercent(_ share: Double) -> String { "\(decimal(100 * share, 0)) %" }
