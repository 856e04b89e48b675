import Foundation

/// A file or directory that cannot be written.
package struct OutputError: Error, CustomStringConvertible {
  package let description: String

  /// - Parameter action: what was tried, such as "to create the directory".
  package init(_ path: String, _ action: String, code: Int32 = errno) {
    description = "\(Path(path)): expected \(action), found \"\(String(cString: strerror(code)))\""
  }
}

/// A file in the making: at any moment either the old or the new one is there, whole.
///
/// Bytes go to a temporary beside it; `commit` syncs that, renames it and syncs the directory. A file that is
/// never committed leaves nothing behind.
///
/// The temporary is always a new file: whatever has its name already, such as a link that somebody else put
/// there or what a killed program left, is neither followed nor changed.
package struct AtomicFile: ~Copyable {
  private let path: String
  /// The path of the temporary: `NAME.<number>.tmp`, where the number is that of this process unless that is
  /// taken.
  private let temporary: String
  /// The descriptor of the temporary; -1 once it is closed.
  private var file: Int32
  private var isCommitted = false

  package init(path: String) throws(OutputError) {
    self.path = path
    var temporary = "\(path).\(getpid()).tmp"
    var file = Self.create(temporary)
    while file < 0 && errno == EEXIST {
      temporary = "\(path).\(UInt64.random(in: 0 ... .max)).tmp"
      file = Self.create(temporary)
    }
    guard file >= 0 else { throw OutputError(path, "to write the file") }
    (self.temporary, self.file) = (temporary, file)
  }

  /// The descriptor of a new file; -1 with `errno` set where none can be made.
  private static func create(_ path: String) -> Int32 {
    open(Path(path).cString, O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW | O_CLOEXEC, 0o644)
  }

  deinit {
    if file >= 0 { close(file) }
    if !isCommitted { unlink(Path(temporary).cString) }
  }

  package mutating func append(_ bytes: RawSpan) throws(OutputError) {
    precondition(file >= 0, "\(path) is committed already")
    var written = 0
    while written < bytes.byteCount {
      let count = unsafe bytes.withUnsafeBytes {
        unsafe write(file, $0.baseAddress! + written, $0.count - written)
      }
      if count < 0 && errno == EINTR { continue }
      guard count > 0 else { throw OutputError(path, "to write the file") }
      written += count
    }
  }

  /// Puts the file in place.
  package mutating func commit() throws(OutputError) {
    precondition(file >= 0, "\(path) is committed already")
    guard fsync(file) == 0 else { throw OutputError(path, "to write the file") }
    // Network file systems report at the latest here what they could not store.
    let closed = close(file)
    file = -1
    guard closed == 0 else { throw OutputError(path, "to write the file") }
    guard rename(Path(temporary).cString, Path(path).cString) == 0 else {
      throw OutputError(path, "to put the file in place")
    }
    isCommitted = true
    try syncDirectory()
  }

  /// Makes the renaming last through a power failure. Where a directory cannot be opened or synced, as on
  /// some network file systems, the system does as it does.
  private func syncDirectory() throws(OutputError) {
    let parent = path.lastIndex(of: "/").map { $0 == path.startIndex ? "/" : String(path[..<$0]) } ?? "."
    let directory = open(Path(parent).cString, O_RDONLY | O_DIRECTORY | O_CLOEXEC)
    guard directory >= 0 else { return }
    defer { close(directory) }
    guard fsync(directory) == 0 || errno == EINVAL || errno == ENOTSUP || errno == EROFS else {
      throw OutputError(path, "to put the file in place for good")
    }
  }
}

/// Writes a file so that at any moment either the old or the new one is there, whole; see `AtomicFile`.
package func writeAtomically(_ bytes: [UInt8], to path: String) throws(OutputError) {
  var file = try AtomicFile(path: path)
  try file.append(bytes.span.bytes)
  try file.commit()
}

/// Removes the temporaries that killed programs left in a directory: `NAME.<number>.tmp`.
package func removeTemporaries(in directory: String) {
  for file in (try? FileManager.default.contentsOfDirectory(atPath: directory)) ?? []
  where file.hasSuffix(".tmp") {
    let parts = file.split(separator: ".")
    if parts.count > 2, parts[parts.count - 2].allSatisfy(\.isNumber) { unlink("\(directory)/\(file)") }
  }
}
