import Reporting

// The report in words: what the terminal shows, and the page says too.

extension ScalingReport {
  package var text: String { studies.map(\.text).joined(separator: "\n\n") + "\n" }
}

extension ScalingReport.Study {
  /// Such as `strong scaling of mnist-cnn: 256 images a step, 1 thread a rank`.
  var title: String {
    let images =
      kind == .strong ? "\(grouped(batch)) images a step" : "\(grouped(batch)) images a step and rank"
    return "\(kind.rawValue) scaling of \(model), \(images), "
      + "\(threadsPerRank) thread\(threadsPerRank == 1 ? "" : "s") a rank"
  }

  package var text: String {
    let head = "\(label): \(title)\n  \(machine)\n\n\(columns(tableHeader, tableRows))"
    let notes = tableNotes.map(paragraph).joined(separator: "\n")
    return ([head, notes] + [modelText].filter { !$0.isEmpty } + [remarks].filter { !$0.isEmpty })
      .joined(separator: "\n\n")
  }

  var machine: String { "\(cpu), \(mpi), \(blas)" }

  private var isHiddenKnown: Bool { points.contains { $0.step.hidden != nil } }

  package var tableHeader: [String] {
    ["ranks", "hosts", "images/s", "95 % interval", "speed-up", "efficiency", "compute"]
      + (isHiddenKnown ? ["hidden"] : []) + ["waiting", "data", "other"]
  }

  var tableRows: [[String]] {
    points.map { point in
      func share(_ seconds: Double) -> String { "\(decimal(100 * seconds / point.step.total, 1)) %" }
      let interval = point.imagesPerSecondLow.map {
        "\(grouped($0)) - \(grouped(point.imagesPerSecondHigh ?? .nan))"
      }
      let hidden = point.step.hidden.map(share) ?? "-"
      return [
        "\(point.ranks)\(point.isOversubscribed ? " *" : "")", "\(point.hosts)",
        grouped(point.imagesPerSecond), interval ?? "-", decimal(point.speedup, 2),
        "\(decimal(100 * point.efficiency, 1)) %", share(point.step.compute),
      ] + (isHiddenKnown ? [hidden] : []) + [
        share(point.step.communication), share(point.step.data), share(point.step.other),
      ]
    }
  }

  package var tableNotes: [String] {
    let counts = Set(points.map(\.runs.count)).sorted()
    let repeats =
      counts == [1] ? "of one run" : "median of \(counts.map { "\($0)" }.joined(separator: " or ")) repeats"
    return [
      "images/s: \(repeats)"
        + (counts == [1] ? "" : "; interval: of their geometric mean, by Student's t over the repeats"),
      "shares of a step; waiting: communication that the backward pass does not hide",
    ]
      + (isHiddenKnown
        ? ["hidden: at most what it hides, within compute: while a reduction was pending behind other work"]
        : [])
      + (points[0].ranks == 1
        ? [] : ["speed-up: over the speed a rank of \(points[0].ranks) ranks, as one was not run"])
      + (points.contains(where: \.isOversubscribed)
        ? ["*: more threads than cores (oversubscribed); never in the fit"] : [])
  }

  /// What the model came to: a name and a value each.
  var modelFacts: [(name: String, value: String)] {
    guard let fit else { return [] }
    let all = fit.allReduce
    let bandwidth = all.bandwidth.map { "\(decimal($0 / 1e9, 2)) GB/s" } ?? "no limit found"
    let compute =
      "\(decimal(fit.secondsPerImage * 1e6, 2)) us an image and rank"
      + interval(scatter?.secondsPerImage) { decimal($0 * 1e6, 2) }
    let serial = fit.serialSeconds.map { seconds in
      let smallest = points.first { !$0.isOversubscribed }?.ranks ?? 1
      let share = seconds / fit.stepSeconds(smallest)
      return
        "\(decimal(seconds * 1e6, 0)) us a step"
        + interval(scatter?.serialSeconds) { decimal($0 * 1e6, 0) }
        + ", \(decimal(100 * share, 1)) % of it on \(ranks(smallest))"
    }
    let hidden =
      fit.visibleShare <= 1
      ? "\(decimal(100 * (1 - fit.visibleShare), 0)) % of the allreduce behind the backward pass"
      : "nothing: waiting takes \(decimal(fit.visibleShare, 1)) times the allreduce alone, for slower ranks too"
    let half =
      halfCommunicationRanks.map { "on \(grouped($0)) ranks" }
      ?? "beyond \(grouped(FittedStudy.horizon)) ranks"
    let visible = interval(scatter?.visibleShare) { decimal($0, 2) }
    return [
      (
        "allreduce",
        "latency \(decimal(all.latency * 1e6, 2)) us, bandwidth \(bandwidth), "
          + "\(decimal(100 * all.relativeError, 0)) % off on average"
      ),
      ("gradients", "\(grouped(fit.workload.gradientBytes)) B in \(fit.workload.buckets) buckets"),
      ("compute", compute),
      (
        "serial share",
        serial ?? "part of compute: weak scaling cannot tell them apart"
      ),
      ("hidden", hidden),
      ("v, the part not hidden", "\(decimal(fit.visibleShare, 2))\(visible)"),
      ("fit", "\(decimal(100 * fit.relativeError, 1)) % off on average over its rank counts"),
    ] + (projection.isEmpty ? [] : [("communication takes half", half)])
  }

  var projectionHeader: [String] {
    ["ranks", "images/s", "95 % band", "speed-up", "efficiency", "communication"]
  }

  var projectionRows: [[String]] {
    guard let fit else { return [] }
    let one = fit.imagesPerSecond(1)
    return projection.map { row in
      let speedup = row.imagesPerSecond / one
      return [
        "\(row.ranks)", grouped(row.imagesPerSecond), "\(grouped(row.low)) - \(grouped(row.high))",
        decimal(speedup, 2), "\(decimal(100 * speedup / Double(row.ranks), 1)) %",
        "\(decimal(100 * row.communicationShare, 1)) %",
      ]
    }
  }

  var checkHeader: [String] { ["left out", "measured", "predicted", "error"] }

  var checkRows: [[String]] {
    leaveOneOut.map { check in
      [
        ranks(check.ranks), grouped(check.measuredImagesPerSecond), grouped(check.predictedImagesPerSecond),
        "\(check.error < 0 ? "" : "+")\(decimal(100 * check.error, 1)) %",
      ]
    }
  }

  private var modelText: String {
    guard fit != nil else { return "" }
    let check =
      checkRows.isEmpty
      ? ""
      : "\n\n  rank counts predicted without them, images/s\n\(columns(checkHeader, checkRows))"
    let projected =
      projection.isEmpty ? "" : "\n\n  projection\n\(columns(projectionHeader, projectionRows))"
    return "  model: step = compute + serial share + waiting; in brackets 95 % over the repeats\n"
      + "\(table(modelFacts))\(check)\(projected)"
  }

  private var remarks: String {
    // Paths stay whole.
    (missing.map(paragraph) + leftOut.map { "  left out: \($0)" }).joined(separator: "\n")
  }

  /// A text in lines of at most 110 columns; numbers keep their %.
  private func paragraph(_ text: String) -> String {
    let lines = wrapped(text.replacing(" %", with: "\u{A0}%"), width: 106)
    return "  " + lines.joined(separator: "\n    ").replacing("\u{A0}", with: " ")
  }

  /// Such as ` (0.21 to 0.25)`; empty where the repeats show no scatter.
  private func interval(_ interval: FittedStudy.Scatter.Interval?, _ show: (Double) -> String) -> String {
    guard let interval, interval.low < interval.high else { return "" }
    return " (\(show(interval.low)) to \(show(interval.high)))"
  }

  private func ranks(_ count: Int) -> String { "\(count) rank\(count == 1 ? "" : "s")" }
}

extension ScalingReport {
  /// `scaling.csv`: a row a run.
  var csv: String {
    let header =
      "label,kind,ranks,hosts,threads,oversubscribed,run,images_per_second,step_seconds,compute_seconds,"
      + "hidden_communication_seconds,communication_seconds,data_seconds"
    let rows = studies.flatMap { study in
      study.points.flatMap { point in
        point.runs.map { run in
          let step = run.step
          return
            ([
              Self.quoted(study.label), study.kind.rawValue, "\(point.ranks)", "\(point.hosts)",
              "\(study.threadsPerRank)", "\(point.isOversubscribed)", Self.quoted(run.directory),
              "\(run.imagesPerSecond)", "\(step.total)", "\(step.compute)",
              step.hidden.map { "\($0)" } ?? "", "\(step.communication)", "\(step.data)",
            ].joined(separator: ","))
        }
      }
    }
    return ([header] + rows).map { $0 + "\n" }.joined()
  }

  /// As RFC 4180 has it, where a text needs it.
  private static func quoted(_ text: String) -> String {
    text.contains { ",\"\n\r".contains($0) } ? "\"\(text.replacing("\"", with: "\"\""))\"" : text
  }
}
