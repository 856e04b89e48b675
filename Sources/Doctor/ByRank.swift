import Files
import Foundation
import Parallel
import Reporting
import System

/// What each rank says of itself.
package struct ByRank<Facts: Codable & Sendable>: Sendable {
  /// By rank.
  package let hosts: [String]
  package let facts: [Facts]

  package init(hosts: [String], facts: [Facts]) {
    precondition(hosts.count == facts.count, "facts of \(facts.count) ranks, hosts of \(hosts.count)")
    (self.hosts, self.facts) = (hosts, facts)
  }

  /// Called by all ranks, each with its own facts. They travel as text, so that no rank needs to know what
  /// another found.
  package init(gathering own: Facts, _ world: World) throws {
    let texts = try world.communicator.allGather(String(decoding: prettyJSON(own), as: UTF8.self))
    let facts = try texts.enumerated().map { rank, text in
      try decodeJSON(
        Facts.self, from: Array(text.utf8), path: "the message of rank \(rank)", as: "what it found",
        keys: .convertFromSnakeCase)
    }
    self.init(hosts: world.hosts, facts: facts)
  }

  var count: Int { facts.count }
  subscript(rank: Int) -> Facts { facts[rank] }

  /// Each host once, in the order of ranks.
  var distinctHosts: [String] {
    var seen = Set<String>()
    return hosts.filter { seen.insert($0).inserted }
  }

  /// The ranks of a host.
  func ranks(on host: String) -> [Int] { hosts.indices.filter { hosts[$0] == host } }

  /// The ranks of which `key` is not nil, by its value; in the order of their lowest ranks.
  func groups<Key: Hashable>(_ key: (Facts) -> Key?) -> [(key: Key, ranks: [Int])] {
    var (order, ranks): ([Key], [Key: [Int]]) = ([], [:])
    for (rank, fact) in facts.enumerated() {
      guard let key = key(fact) else { continue }
      if ranks[key] == nil { order.append(key) }
      ranks[key, default: []].append(rank)
    }
    return order.map { ($0, ranks[$0]!) }
  }

  /// Ranks with their hosts, such as `ranks 0-3 (node1)`.
  func named(_ ranks: [Int]) -> String { rankList(ranks, hosts: hosts) }

  /// The values of all ranks in words, such as `A`, or `A on ranks 0-1 (node1), B on rank 2 (node2)`.
  func summary<Key: Hashable>(_ key: (Facts) -> Key?) -> String {
    let groups = groups(key)
    if groups.count == 1, groups[0].ranks.count == count { return "\(groups[0].key)" }
    let shown = groups.prefix(3).map { "\($0.key) on \(named($0.ranks))" }.joined(separator: ", ")
    return groups.count > 3 ? "\(shown), ... (\(groups.count) different ones)" : shown
  }
}

extension ByRank: Encodable {
  /// A row a rank: its number, its host, and its facts.
  private struct Row: Encodable {
    let rank: Int
    let host: String
    let facts: Facts

    func encode(to encoder: any Encoder) throws {
      try facts.encode(to: encoder)
      var row = encoder.container(keyedBy: AnyKey.self)
      try row.encode(rank, forKey: AnyKey(stringValue: "rank"))
      try row.encode(host, forKey: AnyKey(stringValue: "host"))
    }
  }

  package func encode(to encoder: any Encoder) throws {
    var rows = encoder.unkeyedContainer()
    for rank in facts.indices {
      try rows.encode(Row(rank: rank, host: hosts[rank], facts: facts[rank]))
    }
  }
}

/// Ascending ranks with their hosts, such as `rank 3 (node2)`; cut short where there are many.
package func rankList(_ ranks: [Int], hosts: [String]) -> String {
  var seen = Set<String>()
  let names = ranks.map { hosts[$0] }.filter { seen.insert($0).inserted }
  var list = shortList(ranks)
  if list.count > 40, let comma = list.prefix(40).lastIndex(of: ",") {
    list = "\(list[..<comma]),... (\(ranks.count) of them)"
  }
  return "rank\(ranks.count == 1 ? "" : "s") \(list) (\(hostList(names)))"
}

/// Hosts by name, such as `node1, node2, node3 and 5 more hosts`.
func hostList(_ hosts: [String]) -> String {
  let shown = hosts.prefix(3).joined(separator: ", ")
  let more = hosts.count - 3
  return more > 0 ? "\(shown) and \(more) more host\(more == 1 ? "" : "s")" : shown
}
