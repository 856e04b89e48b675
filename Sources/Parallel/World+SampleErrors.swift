import MPI

extension World {
  /// What is wrong with samples on any rank, by their positions.
  package func gather(_ errors: [(position: Int, error: String)]) throws -> [Int: String] {
    // Control characters, which no message has as paths are shown without them, keep them apart.
    let own = errors.map { "\($0.position)\u{1F}\($0.error)" }.joined(separator: "\u{1E}")
    var all: [Int: String] = [:]
    for text in try communicator.allGather(own) {
      for line in text.split(separator: "\u{1E}") {
        let parts = line.split(separator: "\u{1F}", maxSplits: 1)
        if parts.count == 2, let position = Int(parts[0]) { all[position] = String(parts[1]) }
      }
    }
    return all
  }
}
