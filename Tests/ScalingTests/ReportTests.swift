import Files
import Foundation
import Scaling
import TestSupport
import Testing

@Suite struct ReportTests {
  private func withStudy(
    _ synthetic: SyntheticStudy = SyntheticStudy(noise: 0.02), _ body: (_ directory: String) throws -> Void
  ) throws {
    try withTemporaryDirectory { directory in
      try synthetic.write(to: directory)
      try body(directory)
    }
  }

  private func json(_ path: String) throws -> [String: Any] {
    let data = try Data(contentsOf: URL(fileURLWithPath: path))
    return try JSONSerialization.jsonObject(with: data) as? [String: Any] ?? [:]
  }

  @Test func pointsAreMediansWithoutTheFirstEpoch() throws {
    let law = SyntheticStudy(noise: 0)
    try withStudy(law) { directory in
      let study = try ScalingReport(of: [directory + "/"], version: "1").studies[0]
      #expect(study.points.map(\.ranks) == law.ranks && study.points.allSatisfy { $0.runs.count == 3 })
      for point in study.points {
        #expect(abs(point.imagesPerSecond / law.imagesPerSecond(point.ranks) - 1) < 1e-9)
        #expect(abs(point.speedup / (law.imagesPerSecond(point.ranks) / law.imagesPerSecond(1)) - 1) < 1e-9)
        #expect(abs(point.efficiency * Double(point.ranks) - point.speedup) < 1e-9)
        #expect(abs(point.step.compute - 0.98 * law.computeSeconds(point.ranks)) < 1e-9)
        #expect(abs(point.step.communication - law.waitingSeconds(point.ranks)) < 1e-9)
        #expect(abs(point.step.data - 0.02 * law.computeSeconds(point.ranks)) < 1e-9)
        #expect(abs((point.step.hidden ?? .nan) - 0.4 * law.waitingSeconds(point.ranks)) < 1e-9)
      }
      #expect(
        study.tableHeader.contains("hidden") && study.tableNotes.contains { $0.contains("of 3 repeats") })
      #expect(study.text.contains("hidden: at most what it hides"))
    }
  }

  /// Records of versions that did not take it down.
  @Test func hiddenCommunicationMayBeUnknown() throws {
    try withStudy(SyntheticStudy(ranks: [1, 2], hasHiddenTimes: false)) { directory in
      let study = try ScalingReport(of: [directory], version: "1").studies[0]
      #expect(study.points.allSatisfy { $0.step.hidden == nil } && !study.tableHeader.contains("hidden"))
    }
  }

  @Test(.enabled(if: hasGnuplot, Comment(rawValue: gnuplotHint)))
  func filesHoldTheReport() throws {
    try withStudy { directory in
      let report = try ScalingReport(of: [directory], version: "1.2.3")
      let (files, noFigures) = try report.write(to: directory)
      #expect(
        noFigures == nil
          && files == ["csv", "json", "png", "svg", "html"].map { "\(directory)/scaling.\($0)" })
      let rows = try String(contentsOfFile: files[0], encoding: .utf8).split(separator: "\n")
      #expect(rows.count == 1 + 15 && rows.allSatisfy { $0.split(separator: ",").count == 13 })
      let study = try #require((try json(files[1])["studies"] as? [[String: Any]])?.first)
      #expect((study["points"] as? [Any])?.count == 5 && (study["projection"] as? [Any])?.count == 11)
      let fit = try #require(study["fit"] as? [String: Any])
      let allReduce = fit["all_reduce"] as? [String: Double] ?? [:]
      #expect(abs((allReduce["latency_microseconds"] ?? 0) / 5 - 1) < 0.05)
      #expect(abs((allReduce["bandwidth_gigabytes_per_second"] ?? 0) / 5 - 1) < 0.05)
      #expect(try readFile(files[2]).prefix(4) == [0x89, 0x50, 0x4E, 0x47])
      for text in ["<svg", "images/s", "efficiency (%)", "ideal", "model, 95 % band", "measured"] {
        #expect(try String(contentsOfFile: files[3], encoding: .utf8).contains(text), "\(text)")
      }
      let page = try String(contentsOfFile: files[4], encoding: .utf8)
      for text in ["prefers-color-scheme: dark", "&lt;CPU&gt; &amp; co", "<svg", "1.2.3", "1024"] {
        #expect(page.contains(text), "\(text)")
      }
    }
  }

  @Test(.enabled(if: hasGnuplot, Comment(rawValue: gnuplotHint)))
  func severalStudiesAreDrawnTogether() throws {
    try withStudy(SyntheticStudy(repeats: 1, cores: 8)) { first in
      try withStudy(SyntheticStudy(ranks: [2], secondsPerImage: 80e-6)) { second in
        let report = try ScalingReport(of: [first, second], version: "1")
        let files = try report.write(to: "\(second)/report").files
        let svg = try String(contentsOfFile: files[3], encoding: .utf8)
        for text in report.studies.map(\.label) + ["more threads than cores", "models, 95 % bands"] {
          #expect(svg.contains(text), "\(text)")
        }
      }
    }
  }

  /// Every element is closed where it has to be, ids are unique, and nothing comes from elsewhere.
  @Test(
    .enabled(
      if: hasGnuplot && Python.isThere, Comment(rawValue: "\(gnuplotHint), or \(Python.hint)")))
  func thePageIsWholeHTML() throws {
    let check = #"""
      import re, sys
      from html.parser import HTMLParser
      void = {"meta", "br", "link", "img", "hr"}
      class Checker(HTMLParser):
          def __init__(self):
              super().__init__()
              self.open, self.ids, self.tables = [], set(), 0
          def handle_startendtag(self, tag, attributes): self.look(tag, attributes)
          def handle_starttag(self, tag, attributes):
              self.look(tag, attributes)
              if tag not in void: self.open.append(tag)
          def look(self, tag, attributes):
              assert tag not in ("script", "link", "img", "iframe", "object"), tag
              self.tables += tag == "table"
              for name, value in attributes:
                  if name == "id":
                      assert value not in self.ids, value
                      self.ids.add(value)
                  if name in ("src", "href", "xlink:href"): assert value.startswith("#"), value
          def handle_endtag(self, tag):
              assert self.open and self.open[-1] == tag, (tag, self.open[-3:], self.getpos())
              self.open.pop()
      text = open(sys.argv[1], encoding="utf-8").read()
      assert text.startswith("<!DOCTYPE html>")
      assert not re.search(r"@import|url\((?!['\"]?#)", text)
      checker = Checker()
      checker.feed(text)
      checker.close()
      assert not checker.open, checker.open
      print(checker.tables)
      """#
    try withStudy { directory in
      let files = try ScalingReport(of: [directory], version: "1").write(to: directory).files
      #expect(try Python.run(check, [files[4]]) == "4\n")
    }
  }

  /// The same fit by a program of its own: the normal equations, from the files.
  @Test(.enabled(if: Python.isThere, Comment(rawValue: Python.hint)))
  func anIndependentLeastSquaresAgrees() throws {
    let script = #"""
      import glob, json, math, statistics, sys
      def solve(rows):  # weighted rows (x, y, z)
          xx = sum(x * x for x, y, z in rows); xy = sum(x * y for x, y, z in rows)
          yy = sum(y * y for x, y, z in rows); xz = sum(x * z for x, y, z in rows)
          yz = sum(y * z for x, y, z in rows); d = xx * yy - xy * xy
          return (xz * yy - yz * xy) / d, (yz * xx - xz * xy) / d
      runs, reductions = {}, []
      for path in glob.glob(sys.argv[1] + "/*/run.json"):
          run = json.load(open(path))
          rows = open(path.replace("run.json", "metrics.csv")).read().split()[2:]
          steps = 2 * run["train_samples"] / run["global_batch"]
          total = sum(float(row.split(",")[5]) for row in rows) / steps
          waiting = sum(epoch["communication_seconds"] for epoch in run["epoch_times"][1:]) / steps
          runs.setdefault(run["world_size"], []).append((total, waiting))
      for path in glob.glob(sys.argv[1] + "/*-allreduce.json"):
          times = json.load(open(path))
          p = times["ranks"]
          for size in times["sizes"]:
              t = size["microseconds"] / 1e6
              reductions.append((2 * math.ceil(math.log2(p)) / t, 2 * (p - 1) / p * size["bytes"] / t, 1))
      alpha, beta = solve(reductions)
      compute, top, bottom = [], 0, 0
      for p, repeats in runs.items():
          total = statistics.median(t for t, w in repeats)
          waiting = statistics.median(w for t, w in repeats)
          compute.append((math.ceil(1024 / p) / total, 1 / total, (total - waiting) / total))
          c = 4 * 2 * math.ceil(math.log2(p)) * alpha + 2 * (p - 1) / p * 4 * 225034 * beta
          top += c * waiting / total ** 2
          bottom += c * c / total ** 2
      a, s = solve(compute)
      print(alpha, beta, a, s, top / bottom)
      """#
    try withStudy { directory in
      let numbers = try Python.run(script, [directory]).split { $0.isWhitespace }.compactMap { Double($0) }
      let model = try #require(FittedStudy(try ScalingStudy.read(directory)[0]).model)
      let found = [
        model.allReduce.latency, model.allReduce.secondsPerByte, model.secondsPerImage,
        model.serialSeconds ?? .nan, model.visibleShare,
      ]
      #expect(numbers.count == 5)
      for (mine, other) in zip(found, numbers) {
        #expect(abs(mine / other - 1) < 1e-6, "\(found) \(numbers)")
      }
    }
  }

  @Test func kindsAndStudiesStandSideBySide() throws {
    try withStudy { first in
      try SyntheticStudy(kind: .weak, batch: 64).write(to: first)
      try withStudy(SyntheticStudy(ranks: [2, 4])) { second in
        let report = try ScalingReport(of: [first, second], version: "1")
        #expect(report.studies.map(\.kind) == [.strong, .weak, .strong])
        #expect(Set(report.studies.map(\.label)).count == 3)
        #expect(report.studies[0].label.hasSuffix(", strong"))
        #expect(report.studies[2].text.contains("as one was not run"))
        #expect(report.studies[2].points[0].efficiency == 1 && report.studies[2].points[0].speedup == 2)
      }
    }
  }

  @Test func studiesOfTheSameNameAreToldApart() throws {
    try withTemporaryDirectory { directory in
      let places = ["a", "b"].map { "\(directory)/\($0)/study" }
      for place in places { try SyntheticStudy(ranks: [1, 2]).write(to: place) }
      let report = try ScalingReport(of: places, version: "1")
      #expect(report.studies.map(\.label) == places.map { "study (\($0))" })
    }
  }

  @Test func aDirectoryIsReportedOnce() throws {
    try withTemporaryDirectory { directory in
      let study = "\(directory)/study"
      try SyntheticStudy(ranks: [1, 2]).write(to: study)
      try FileManager.default.createSymbolicLink(atPath: "\(directory)/link", withDestinationPath: "study")
      let spellings = [study, study, study + "/", "\(directory)/./study", "\(directory)/link"]
      #expect(try ScalingReport(of: spellings, version: "1").studies.map(\.label) == ["study"])
    }
  }

  /// The longest notes and everything that can be missing at once, but for tables and paths.
  @Test func sentencesFitTheTerminal() throws {
    let studies = [
      SyntheticStudy(ranks: [2, 4], repeats: 1, visibleShare: 40, unevenness: 3),
      SyntheticStudy(ranks: [2, 4], noise: 0.02), SyntheticStudy(ranks: [1]),
    ]
    for synthetic in studies {
      try withTemporaryDirectory { directory in
        try synthetic.write(to: "\(directory)/study")
        let study = try ScalingReport(of: ["\(directory)/study"], version: "1").studies[0]
        let long = study.text.split(separator: "\n").filter { $0.count > 110 }
        #expect(long.isEmpty, "\(long.map { String($0) })")
        #expect(!study.text.contains("\n    %"))
      }
    }
  }

  @Test func runsThatAreNotDoneAreLeftOut() throws {
    try withStudy(SyntheticStudy(ranks: [1, 2])) { directory in
      try SyntheticStudy().writeRun("\(directory)/cut", 4, compute: 1, waiting: 1, status: "failed")
      let study = try ScalingReport(of: [directory], version: "1").studies[0]
      #expect(study.points.map(\.ranks) == [1, 2] && study.leftOut == ["\(directory)/cut is failed"])
    }
  }

  @Test func runsMayDifferInWhatCostsNoTime() throws {
    try withStudy(SyntheticStudy(ranks: [1, 2], repeats: 1)) { directory in
      var other = SyntheticStudy(ranks: [4], repeats: 1)
      other.options["keep"] = "1"
      try other.write(to: directory)
      #expect(try ScalingStudy.read(directory)[0].points.map(\.ranks) == [1, 2, 4])
    }
  }

  @Test func runsThatDifferInMoreAreAnError() throws {
    for (change, expected) in [
      ({ (study: inout SyntheticStudy) in study.model = "lenet5" }, "found model mnist-cnn in"),
      ({ $0.threads = 2 }, "found threads a rank 1 in"),
      ({ $0.options["optimizer"] = #""adam""# }, "found optimizer sgd in"),
      ({ $0.options["save_every"] = #""1steps""# }, "found save_every none in"),
      ({ $0.options["records"] = #""all""# }, "found records csv in"),
      ({ $0.options["log_every"] = "1" }, "found log_every 50.0 in"),
      ({ $0.options["verbosity"] = #""verbose""# }, "found verbosity quiet in"),
      ({ $0.batch = 512 }, "found global batch 1024 in"),
    ] {
      try withStudy(SyntheticStudy(ranks: [1, 2], repeats: 1)) { directory in
        var other = SyntheticStudy(ranks: [4], repeats: 1)
        change(&other)
        try other.write(to: directory)
        let error = #expect(throws: ScalingError.self) { try ScalingStudy.read(directory) }
        let text = error?.description ?? ""
        #expect(text.contains(expected) && text.contains("strong-ranks-0001-repeat-1"), "\(text)")
        #expect(text.contains("strong-ranks-0004-repeat-1"), "\(text)")
      }
    }
  }

  @Test func wrongDirectoriesAreSaid() throws {
    try withTemporaryDirectory { directory in
      for (path, expected) in [
        (directory, "expected completed runs, one a directory, found none; a scaling run into this"),
        ("\(directory)/missing", "expected a directory of runs, found none"),
      ] {
        let error = #expect(throws: ScalingError.self) { try ScalingStudy.read(path) }
        #expect(error?.description.contains(expected) == true, "\(error?.description ?? "")")
      }
      try SyntheticStudy().writeRun("\(directory)/run", 1, compute: 1, waiting: 0)
      let error = #expect(throws: ScalingError.self) { try ScalingStudy.read("\(directory)/run") }
      #expect(error?.description.contains("found one run: name its parent") == true)
      try writeAtomically(Array("{}".utf8), to: "\(directory)/run/run.json")
      let broken = #expect(throws: FileError.self) { try ScalingStudy.read(directory) }
      #expect(broken?.description.contains("run/run.json: expected the record of a run, found") == true)
    }
  }
}
