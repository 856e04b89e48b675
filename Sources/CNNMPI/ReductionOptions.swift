import Parallel

extension Reduction {
  /// - Throws: where not all of these ways to sum can be had at once.
  func requireOneOrder() throws(UsageError) {
    guard reproducible, compression != nil || hierarchical else { return }
    let other = compression != nil ? "--compress" : "--hierarchical"
    throw UsageError(
      description: "--reproducible: expected no \(other), which sums otherwise on other numbers of ranks")
  }
}
