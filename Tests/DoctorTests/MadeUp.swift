import Doctor
import Foundation
import System
import TestSupport

/// Facts of made-up ranks: `hosts` such as "a a b" for three ranks, each with the facts of its number.
func byRank<Facts>(_ hosts: String, _ facts: (Int) -> Facts) -> ByRank<Facts> {
  let hosts = hosts.split(separator: " ").map(String.init)
  return ByRank(hosts: hosts, facts: hosts.indices.map(facts))
}

/// `count` hosts of `ranks` ranks each: node0, node1, ...
func cluster(_ count: Int, ranks: Int) -> String {
  (0..<count).map { host in Array(repeating: "node\(host)", count: ranks).joined(separator: " ") }
    .joined(separator: " ")
}

/// The texts of problems, errors with a leading `!`.
func texts(_ check: some Check) -> [String] {
  check.problems.map { ($0.severity == .error ? "!" : "") + $0.text }
}
