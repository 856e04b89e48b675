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

/// Calls `body` with files of `/proc` and `/sys` that have these contents.
func withKernelFiles<Result>(_ files: [String: String], _ body: (KernelFiles) throws -> Result) throws
  -> Result
{
  try withTemporaryDirectory { root in
    for (path, text) in files {
      let file = URL(fileURLWithPath: root + path)
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try text.write(to: file, atomically: true, encoding: .utf8)
    }
    return try body(KernelFiles(root: root))
  }
}
