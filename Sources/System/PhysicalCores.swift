import Foundation

/// The cores behind hardware threads, each as the lowest of its threads; ascending.
///
/// - Parameters:
///   - threads: as the system numbers them; where it does not say which share a core, each is one.
///   - siblings: what the system says of a thread, such as `0,64` or `2-3`.
package func physicalCores(
  of threads: [Int], siblings: (Int) -> String? = threadSiblings
) -> [Int] {
  Set(threads.map { parseCoreList((siblings($0) ?? "").prefix { !$0.isWhitespace }).min() ?? $0 }).sorted()
}

/// The hardware threads of the core of `thread`; nil where the system does not say.
package func threadSiblings(_ thread: Int) -> String? {
  let path = "/sys/devices/system/cpu/cpu\(thread)/topology/thread_siblings_list"
  return try? String(contentsOfFile: path, encoding: .utf8)
}

/// The cores that this process may use, hardware threads of a core as one.
package func availableCores() -> [Int] { physicalCores(of: affinityMask()) }

/// The cores that this process may run on.
package func affinityMask() -> [Int] {
  let status = (try? String(contentsOfFile: "/proc/self/status", encoding: .utf8)) ?? ""
  let line = status.split(separator: "\n").first { $0.hasPrefix("Cpus_allowed_list:") } ?? ""
  return line.split(separator: "\t").last.map { parseCoreList($0) } ?? [0]
}
