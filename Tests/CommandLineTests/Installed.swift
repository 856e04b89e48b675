import Foundation

/// There is such a program on the PATH.
func isInstalled(_ program: String) -> Bool {
  let directories = ProcessInfo.processInfo.environment["PATH"]?.split(separator: ":") ?? []
  return directories.contains { FileManager.default.isExecutableFile(atPath: "\($0)/\(program)") }
}
