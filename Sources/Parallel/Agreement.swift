import MPI

/// An error that all ranks throw together: they can leave in order, and rank 0 speaks for all. Any other
/// error that a rank meets among others must end in an abort.
package protocol AgreedError: Error {
  /// What the program ends with.
  var exitCode: Int32 { get }
}

extension AgreedError {
  package var exitCode: Int32 { 1 }
}

/// A failure of one or more ranks that all ranks know of.
package struct AgreedFailure: AgreedError, CustomStringConvertible {
  /// The lowest rank that failed, and what it says.
  package let rank: Int
  package private(set) var message: String
  /// What this rank itself failed with; nil where it did not.
  package let own: (any Error)?
  /// All ranks failed with this message.
  package let isEverywhere: Bool
  package let worldSize: Int
  package let host: String

  package var description: String {
    isEverywhere ? message : "[rank \(rank)/\(worldSize) \(host)] \(message)"
  }

  /// The same failure with more behind its message.
  package func adding(_ words: String) -> AgreedFailure {
    var failure = self
    failure.message += words
    return failure
  }
}

extension World {
  /// Runs `body` on every rank. If it throws on any of them, all ranks throw the same `AgreedFailure`, so
  /// that none goes on into a collective that the others never reach.
  ///
  /// `body` itself must not talk to other ranks.
  package func agree<Result>(_ body: () throws -> Result) throws -> Result {
    let outcome = Swift.Result { try body() }
    let own: (any Error)? =
      switch outcome {
      case .success: nil
      case .failure(let error): error
      }
    let message = own.map { "\($0)" }
    let firstFailed = try waiting { try communicator.allReduce(message == nil ? size : rank, .minimum) }
    if firstFailed == size { return try outcome.get() }
    let shared = try communicator.broadcast(message ?? "", from: firstFailed)
    let isEverywhere = try communicator.allReduce(message == shared ? 1 : 0, .minimum) == 1
    throw AgreedFailure(
      rank: firstFailed, message: shared, own: own, isEverywhere: isEverywhere, worldSize: size,
      host: hosts[firstFailed])
  }
}
