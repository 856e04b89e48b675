import Foundation

/// Which process wrote something, so that others can tell whether it is still there.
///
/// A number alone says little, as the system gives it to other processes later: the moment when the process
/// began goes with it, and the boot and the namespace that both belong to.
package struct ProcessIdentity: Codable, Equatable, Sendable {
  package let host: String
  package let process: Int
  /// Clock ticks from the host's boot to the start of the process: field 22 of `/proc/<process>/stat`.
  package let start: String
  /// `/proc/sys/kernel/random/boot_id`: another one after each boot.
  package let boot: String
  /// The namespace of process numbers, as containers have their own.
  package let namespace: String

  package enum State: Equatable, Sendable {
    case alive, dead
    /// It is of another host or container, where this process cannot look.
    case unknown
  }

  /// Names this process.
  package static var own: ProcessIdentity { ProcessIdentity(of: getpid()) }

  /// - Parameter process: the number of a process of this host and container.
  package init(of process: pid_t) {
    host = ProcessInfo.processInfo.hostName
    self.process = Int(process)
    start = Self.start(of: Int(process)) ?? ""
    boot = KernelFiles().text("/proc/sys/kernel/random/boot_id") ?? ""
    namespace = (try? FileManager.default.destinationOfSymbolicLink(atPath: "/proc/self/ns/pid")) ?? ""
  }

  /// Whether the process is still there.
  package var state: State {
    let own = Self.own
    guard host == own.host else { return .unknown }
    guard boot == own.boot else { return .dead }
    guard namespace == own.namespace else { return .unknown }
    return Self.start(of: process) == start ? .alive : .dead
  }

  /// Nil where there is no such process, or only what is left of one that has ended.
  private static func start(of process: Int) -> String? {
    // process (name) state parent ...: the name may have spaces and parentheses in it.
    guard let stat = KernelFiles().text("/proc/\(process)/stat"), let end = stat.lastIndex(of: ")") else {
      return nil
    }
    let fields = stat[stat.index(after: end)...].split(separator: " ")
    guard fields.count > 19, fields[0] != "Z", fields[0] != "X" else { return nil }
    return String(fields[19])
  }
}
