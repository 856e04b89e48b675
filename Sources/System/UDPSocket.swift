import Glibc

/// A socket for datagrams over IPv4. Errors of single datagrams are silence: whoever waits for one expects
/// that it may not arrive.
package final class UDPSocket {
  /// A host's address and a port of it.
  package struct Address: Hashable, Sendable {
    /// The address in network byte order.
    package let host: UInt32
    package let port: UInt16

    /// The address is one of 127.0.0.0/8, by which every host means itself.
    package var isLoopback: Bool { UInt8(truncatingIfNeeded: host) == 127 }

    /// The form that people read, such as `10.0.0.7:41234`.
    package var text: String {
      "\((0..<4).map { "\(UInt8(truncatingIfNeeded: host >> (8 * $0)))" }.joined(separator: ".")):\(port)"
    }

    package init(host: UInt32, port: UInt16) {
      self.host = host
      self.port = port
    }

    /// The inverse of `text`.
    package init?(_ text: Substring) {
      let parts = text.split(separator: ":")
      guard parts.count == 2, let port = UInt16(parts[1]) else { return nil }
      let bytes = parts[0].split(separator: ".").compactMap { UInt8($0) }
      guard bytes.count == 4 else { return nil }
      self.init(host: bytes.reversed().reduce(0) { $0 << 8 | UInt32($1) }, port: port)
    }
  }

  private let descriptor: Int32
  /// The port of this host that it receives at.
  package let port: UInt16

  /// Takes a port that the system chooses, of all interfaces; nil where there is no network at all.
  package init?() {
    let descriptor = socket(AF_INET, Int32(SOCK_DGRAM.rawValue | SOCK_CLOEXEC.rawValue), 0)
    guard descriptor >= 0 else { return nil }
    var own = sockaddr_in()
    own.sin_family = sa_family_t(AF_INET)
    let isBound = withSockAddr(&own) { address, length in
      var length = length
      return bind(descriptor, address, length) == 0 && getsockname(descriptor, address, &length) == 0
    }
    guard isBound else {
      close(descriptor)
      return nil
    }
    self.descriptor = descriptor
    port = UInt16(bigEndian: own.sin_port)
  }

  deinit { close(descriptor) }

  /// Sends a datagram, or loses it where that cannot be done at once.
  package func send(_ bytes: [UInt8], to address: Address) {
    var target = sockaddr_in()
    target.sin_family = sa_family_t(AF_INET)
    target.sin_port = address.port.bigEndian
    target.sin_addr.s_addr = address.host
    _ = withSockAddr(&target) { sendto(descriptor, bytes, bytes.count, Int32(MSG_DONTWAIT), $0, $1) }
  }

  /// The next datagram and where it came from; nil when none comes within `seconds`.
  ///
  /// - Parameter limit: how many bytes of a datagram are taken; the rest is lost.
  package func receive(within seconds: Double, atMost limit: Int) -> (bytes: [UInt8], from: Address)? {
    var poll = pollfd(fd: descriptor, events: Int16(POLLIN), revents: 0)
    guard Glibc.poll(&poll, 1, Int32(max(seconds, 0) * 1000)) > 0 else { return nil }
    var bytes = [UInt8](repeating: 0, count: limit)
    var source = sockaddr_in()
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let count = withSockAddr(&source) { address, _ in
      recvfrom(descriptor, &bytes, bytes.count, Int32(MSG_DONTWAIT), address, &length)
    }
    guard count >= 0 else { return nil }
    let address = Address(host: source.sin_addr.s_addr, port: UInt16(bigEndian: source.sin_port))
    return (Array(bytes.prefix(count)), address)
  }

  /// The IPv4 addresses of this host's interfaces, those of the loopback last.
  package static func ownHosts() -> [UInt32] {
    var list: UnsafeMutablePointer<ifaddrs>?
    guard getifaddrs(&list) == 0 else { return [] }
    defer { freeifaddrs(list) }
    var hosts: (other: [UInt32], loopback: [UInt32]) = ([], [])
    var next = list
    while let interface = next?.pointee {
      next = interface.ifa_next
      guard let address = interface.ifa_addr, address.pointee.sa_family == sa_family_t(AF_INET),
        interface.ifa_flags & UInt32(IFF_UP) != 0
      else { continue }
      let host = UnsafeRawPointer(address).loadUnaligned(as: sockaddr_in.self).sin_addr.s_addr
      if interface.ifa_flags & UInt32(IFF_LOOPBACK) != 0 {
        hosts.loopback.append(host)
      } else {
        hosts.other.append(host)
      }
    }
    return hosts.other + hosts.loopback
  }
}

private func withSockAddr<Result>(
  _ address: inout sockaddr_in, _ body: (UnsafeMutablePointer<sockaddr>, socklen_t) -> Result
) -> Result {
  withUnsafeMutablePointer(to: &address) {
    $0.withMemoryRebound(to: sockaddr.self, capacity: 1) {
      body($0, socklen_t(MemoryLayout<sockaddr_in>.size))
    }
  }
}
