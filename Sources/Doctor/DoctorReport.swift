import Files
import Reporting

/// What all checks came to.
package struct DoctorReport: Sendable {
  private let version: String
  private let hosts: [String]
  private let seconds: Double
  private let checks: [any Check]
  /// Nothing was left out.
  private let isComplete: Bool

  package init(
    _ checks: [any Check], isComplete: Bool = true, hosts: [String], version: String, seconds: Double
  ) {
    self.checks = checks
    self.isComplete = isComplete
    self.hosts = hosts
    self.version = version
    self.seconds = seconds
  }

  /// Errors come last, next to the verdict.
  private var problems: [(check: String, problem: Problem)] {
    let all = checks.flatMap { check in check.problems.map { (check: type(of: check).name, problem: $0) } }
    return all.filter { $0.problem.severity == .warning } + all.filter { $0.problem.severity == .error }
  }

  /// Training can start; there may be warnings.
  package var isReady: Bool { !problems.contains { $0.problem.severity == .error } }

  /// The verdict, in words.
  package var summary: String {
    let world = "\(counted(hosts.count, "rank")) on \(counted(Set(hosts).count, "host"))"
    let counts = [list(.error, "problem"), list(.warning, "warning")].compactMap { $0 }
    if counts.isEmpty { return "ready: \(world), nothing to complain about" }
    return isReady
      ? "ready: \(world), with \(counts[0])"
      : "not ready: \(counts.joined(separator: " and "))"
        + (isComplete ? "" : "; nothing else was looked at")
  }

  /// Such as `2 problems (data, run directory)`; nil for none.
  private func list(_ severity: Problem.Severity, _ name: String) -> String? {
    let found = problems.filter { $0.problem.severity == severity }.map(\.check)
    guard !found.isEmpty else { return nil }
    var seen = Set<String>()
    let names = found.filter { seen.insert($0).inserted }
    return "\(counted(found.count, name)) (\(names.joined(separator: ", ")))"
  }
}

extension DoctorReport {
  /// A line a check, what is wrong with the command that mends it, and the verdict. Lines of the table have
  /// at most 110 columns.
  package var lines: [StyledText] {
    let width = checks.map { type(of: $0).name.count }.max() ?? 0
    var lines: [StyledText] = [StyledText("cnn-mpi \(version) doctor", .bold)]
    for check in checks {
      let (word, style) = Self.status(check)
      let name = type(of: check).name
      let indent = 2 + 7 + 2 + width + 2
      let facts = wrapped(check.facts, width: 110 - indent)
      lines.append(
        "  " + StyledText(word, style)
          + "\(spaces(7 - word.count))  \(name)\(spaces(width - name.count))  \(facts.first ?? "")")
      for line in facts.dropFirst() { lines.append("\(spaces(indent))\(line)") }
    }
    for (check, problem) in problems {
      let style: StyledText.Style = problem.severity == .error ? .boldRed : .yellow
      lines.append("")
      lines.append(StyledText("\(problem.severity.rawValue):", style) + " \(check): \(problem.text)")
      lines.append("  to mend it: \(problem.remedy)")
    }
    lines.append("")
    lines.append(StyledText(summary, isReady ? .bold : .boldRed) + " (\(decimal(seconds, 1)) s)")
    return lines
  }

  private static func status(_ check: any Check) -> (word: String, style: StyledText.Style) {
    let problems = check.problems
    if problems.contains(where: { $0.severity == .error }) { return ("error", .boldRed) }
    return problems.isEmpty ? ("ok", .plain) : ("warning", .yellow)
  }
}

private func spaces(_ count: Int) -> String { String(repeating: " ", count: count) }

extension DoctorReport: Encodable {
  private enum CodingKeys: CodingKey {
    case version, ready, verdict, errors, warnings, worldSize, hosts, seconds, problems, checks
  }

  private struct NamedProblem: Encodable {
    let check: String
    let severity: Problem.Severity
    let text: String
    let remedy: String
  }

  /// A check's own fields beside status, facts and problems.
  private struct Result: Encodable {
    let check: any Check

    func encode(to encoder: any Encoder) throws {
      try check.encode(to: encoder)
      var fields = encoder.container(keyedBy: AnyKey.self)
      try fields.encode(status(check).word, forKey: AnyKey(stringValue: "status"))
      try fields.encode(check.facts, forKey: AnyKey(stringValue: "facts"))
      try fields.encode(check.problems, forKey: AnyKey(stringValue: "problems"))
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var fields = encoder.container(keyedBy: CodingKeys.self)
    try fields.encode(version, forKey: .version)
    try fields.encode(isReady, forKey: .ready)
    try fields.encode(summary, forKey: .verdict)
    try fields.encode(problems.count { $0.problem.severity == .error }, forKey: .errors)
    try fields.encode(problems.count { $0.problem.severity == .warning }, forKey: .warnings)
    try fields.encode(hosts.count, forKey: .worldSize)
    try fields.encode(hosts, forKey: .hosts)
    try fields.encode(seconds, forKey: .seconds)
    try fields.encode(
      problems.map {
        NamedProblem(
          check: $0.check, severity: $0.problem.severity, text: $0.problem.text, remedy: $0.problem.remedy)
      }, forKey: .problems)
    var results = fields.nestedContainer(keyedBy: AnyKey.self, forKey: .checks)
    for check in checks {
      let key = type(of: check).name.lowercased().replacing(" ", with: "_")
      try results.encode(Result(check: check), forKey: AnyKey(stringValue: key))
    }
  }
}
