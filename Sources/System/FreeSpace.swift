import Glibc

/// Free space of the file system that a path is on.
package struct FreeSpace: Equatable {
  /// Bytes, altogether and for users that are not root.
  package let size: Double
  package let free: Double
  /// More files can be made.
  package let hasInodes: Bool

  /// Asks the file system of a path; nil where there is no such path.
  ///
  /// Corresponds to `statvfs`.
  package init?(_ path: String) {
    var status = statvfs()
    guard statvfs(path, &status) == 0 else { return nil }
    size = Double(status.f_blocks) * Double(status.f_frsize)
    free = Double(status.f_bavail) * Double(status.f_frsize)
    // Some file systems, such as btrfs, have no fixed number and say 0 of 0.
    hasInodes = status.f_files == 0 || status.f_favail > 0
  }
}
