import Foundation
import System

/// Where the datagrams of a rank come from and go to, as ranks tell each other by MPI.
package struct Endpoint: Equatable, Sendable {
  /// Names the network stack that the rank lives in: ranks of the same reach each other by its loopback.
  package let stack: String
  /// The addresses of all interfaces, with the port of the rank's socket; none where it has no socket.
  package let addresses: [UDPSocket.Address]

  package init(stack: String, addresses: [UDPSocket.Address]) {
    self.stack = stack
    self.addresses = addresses
  }

  /// This process's end.
  ///
  /// The stack is named by the host, as containers and copies of a virtual machine may have all else in
  /// common, by the boot of its kernel, and by the network namespace of that kernel.
  package init(_ socket: UDPSocket?, host: String) {
    let boot = KernelFiles().text("/proc/sys/kernel/random/boot_id")
    let namespace = try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/net")
    stack = [host, boot ?? "", namespace ?? ""].joined(separator: "/")
    addresses =
      socket.map { socket in
        UDPSocket.ownHosts().map { UDPSocket.Address(host: $0, port: socket.port) }
      } ?? []
  }

  /// The stack and the addresses with spaces between.
  package var text: String { ([stack] + addresses.map(\.text)).joined(separator: " ") }

  /// The inverse of `text`.
  package init(_ text: String) {
    let words = text.split(separator: " ", omittingEmptySubsequences: false)
    stack = words.first.map(String.init) ?? ""
    addresses = words.dropFirst().compactMap { UDPSocket.Address($0) }
  }

  /// The addresses by which this rank and `other` know each other.
  ///
  /// On another host, those of the loopback lead the sender to itself, and so do others that both hosts have,
  /// such as that of a bridge for containers.
  package func addresses(from other: Endpoint) -> [UDPSocket.Address] {
    guard stack != other.stack else { return addresses }
    let own = Set(other.addresses.map(\.host))
    return addresses.filter { !$0.isLoopback && !own.contains($0.host) }
  }
}
