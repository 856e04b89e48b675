/// Something that is looked at on all ranks. Encoded, it is what every rank said.
package protocol Check: Encodable, Sendable {
  /// Its name in the table, such as `run directory`.
  static var name: String { get }

  /// What was found, in a line.
  var facts: String { get }

  /// What is wrong.
  var problems: [Problem] { get }
}

/// Something that is wrong, and how to mend it.
package struct Problem: Encodable, Equatable, Sendable {
  package enum Severity: String, Encodable, Sendable {
    /// Training works, but slower or less surely than it could.
    case warning
    /// Training fails, or does what nobody wants.
    case error
  }

  package let severity: Severity
  /// Who and what, with both numbers.
  package let text: String
  /// The command that mends it, or what to look at.
  package let remedy: String

  package static func warning(_ text: String, remedy: String) -> Problem {
    Problem(severity: .warning, text: text, remedy: remedy)
  }

  package static func error(_ text: String, remedy: String) -> Problem {
    Problem(severity: .error, text: text, remedy: remedy)
  }
}

/// Problems of single hosts that are alike are said once, with the hosts' names.
///
/// - Parameter problem: of one host, in words without its name.
func problemsByHost(_ hosts: [String], _ problem: (String) -> Problem?) -> [Problem] {
  var found: [(problem: Problem, hosts: [String])] = []
  for host in hosts {
    guard let problem = problem(host) else { continue }
    if let index = found.firstIndex(where: { $0.problem == problem }) {
      found[index].hosts.append(host)
    } else {
      found.append((problem, [host]))
    }
  }
  return found.map { problem, hosts in
    Problem(
      severity: problem.severity, text: "\(hostList(hosts)): \(problem.text)", remedy: problem.remedy)
  }
}
