import Doctor
import Foundation
import Reporting
import TestSupport
import Testing

@Suite struct ReportTests {
  private struct MadeUp: Check {
    static let name = "run directory"
    let facts: String
    let problems: [Problem]
    let someNumber = 7

    private enum CodingKeys: CodingKey { case someNumber }
  }

  private struct Other: Check {
    static let name = "MPI"
    let facts = "fine"
    let problems: [Problem] = []
  }

  private func report(_ problems: [Problem], facts: String = "found", isComplete: Bool = true) -> DoctorReport
  {
    DoctorReport(
      [Other(), MadeUp(facts: facts, problems: problems)], isComplete: isComplete, hosts: ["a", "b", "b"],
      version: "1.2", seconds: 3.21)
  }

  private let warning = Problem.warning("so so", remedy: "look")
  private let error = Problem.error("bad", remedy: "mend")

  @Test func theVerdictFollowsFromTheProblems() {
    #expect(
      report([]).summary == "ready: 3 ranks on 2 hosts, nothing to complain about" && report([]).isReady)
    #expect(
      report([warning, warning]).summary == "ready: 3 ranks on 2 hosts, with 2 warnings (run directory)")
    #expect(report([warning]).isReady && !report([error]).isReady)
    #expect(
      report([error, warning]).summary == "not ready: 1 problem (run directory) and 1 warning (run directory)"
    )
    #expect(
      report([error], isComplete: false).summary
        == "not ready: 1 problem (run directory); nothing else was looked at")
  }

  @Test func problemsFollowTheTable() {
    #expect(
      report([error, warning]).lines.map(\.plain).joined(separator: "\n") == """
        cnn-mpi 1.2 doctor
          ok       MPI            fine
          error    run directory  found

        warning: run directory: so so
          to mend it: look

        error: run directory: bad
          to mend it: mend

        not ready: 1 problem (run directory) and 1 warning (run directory) (3.2 s)
        """)
    #expect(report([warning]).lines[2].plain == "  warning  run directory  found")
    #expect(report([error]).lines[2].colored == "  \u{1B}[1;31merror\u{1B}[0m    run directory  found")
  }

  @Test func longFactsAreWrapped() {
    let lines = report([], facts: String(repeating: "word ", count: 60)).lines.map(\.plain)
    #expect(lines.count == 8 && lines.allSatisfy { $0.count <= 110 })
    #expect(lines[3].hasPrefix(String(repeating: " ", count: 26) + "word"))
  }

  @Test func jsonSaysEverything() throws {
    let value =
      try JSONSerialization.jsonObject(with: Data(prettyJSON(report([warning, error])))) as? [String: Any]
    let json = try #require(value)
    #expect(json["ready"] as? Bool == false && json["errors"] as? Int == 1 && json["warnings"] as? Int == 1)
    #expect(json["world_size"] as? Int == 3 && json["hosts"] as? [String] == ["a", "b", "b"])
    #expect(
      (json["verdict"] as? String)?.hasPrefix("not ready: ") == true && json["seconds"] as? Double == 3.21)
    let problems = json["problems"] as? [[String: String]] ?? []
    #expect(
      problems == [
        ["check": "run directory", "severity": "warning", "text": "so so", "remedy": "look"],
        ["check": "run directory", "severity": "error", "text": "bad", "remedy": "mend"],
      ])
    let checks = json["checks"] as? [String: [String: Any]] ?? [:]
    #expect(checks.keys.sorted() == ["mpi", "run_directory"] && checks["mpi"]?["status"] as? String == "ok")
    let check = checks["run_directory"] ?? [:]
    #expect(check["status"] as? String == "error" && check["facts"] as? String == "found")
    #expect(check["some_number"] as? Int == 7 && (check["problems"] as? [Any])?.count == 2)
  }

  @Test func ranksAreRowsWithTheirHosts() throws {
    let ranks = byRank("a b") { TemporaryDirectoryCheck.Rank(path: "/tmp", free: Double($0)) }
    let rows = try JSONSerialization.jsonObject(with: Data(prettyJSON(ranks))) as? [[String: Any]] ?? []
    #expect(rows.map { $0["rank"] as? Int } == [0, 1] && rows.map { $0["host"] as? String } == ["a", "b"])
    #expect(rows.map { $0["free"] as? Double } == [0, 1])
  }
}
