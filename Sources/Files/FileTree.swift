import Glibc

/// The files in a directory and those below it. Links are followed, and a directory that several paths lead to
/// is entered once, so that circles end.
package struct FileTree {
  /// The files, in the order of their paths' bytes.
  package private(set) var files: [Path] = []
  /// The directories that cannot be listed.
  package private(set) var errors: [FileError] = []

  /// What tells a directory from all others, whatever path leads to it.
  private struct Identity: Hashable {
    let device: dev_t
    let inode: ino_t

    init?(of path: Path) {
      var status = stat()
      guard FileWaits.during(path.text, { stat(path.cString, &status) }) == 0 else { return nil }
      (device, inode) = (status.st_dev, status.st_ino)
    }
  }

  private var entered: Set<Identity> = []

  /// - Parameters:
  ///   - outside: directories that are not entered, whatever link leads to them.
  ///   - isWanted: tells by its path whether a file is taken.
  package init(_ directory: Path, outside: [Path] = [], where isWanted: (Path) -> Bool) {
    entered = Set(outside.compactMap(Identity.init(of:)))
    enter(directory, isWanted)
    files.sort()
  }

  private mutating func enter(_ directory: Path, _ isWanted: (Path) -> Bool) {
    if let identity = Identity(of: directory) {
      guard entered.insert(identity).inserted else { return }
    }
    let entries: [Entry]
    do {
      entries = try Entry.all(of: directory)
    } catch {
      errors.append(error)
      return
    }
    for entry in entries {
      let path = directory / entry.name
      if entry.isDirectory(at: path) {
        enter(path, isWanted)
      } else if isWanted(path) {
        files.append(path)
      }
    }
  }
}

/// The names in a directory, directories and links to them apart from all others, in the order of their bytes.
package struct DirectoryListing {
  package private(set) var directories: [Path] = []
  package private(set) var others: [Path] = []

  /// - Throws: `FileError` when it is no directory, or cannot be listed.
  package init(_ directory: Path) throws(FileError) {
    for entry in try Entry.all(of: directory) {
      if entry.isDirectory(at: directory / entry.name) {
        directories.append(entry.name)
      } else {
        others.append(entry.name)
      }
    }
  }
}

/// The names in a directory, in the order of their bytes.
///
/// - Throws: `FileError` when it is no directory, or cannot be listed.
package func names(inDirectory directory: Path) throws(FileError) -> [Path] {
  try Entry.all(of: directory).map(\.name)
}

/// A name in a directory.
private struct Entry {
  let name: Path
  /// The file type that `readdir` tells, such as `DT_DIR`.
  let type: Int

  /// All but `.` and `..`, in the order of their names.
  static func all(of directory: Path) throws(FileError) -> [Entry] {
    let path = directory.text
    func failure(_ code: Int32) -> FileError {
      FileError(path, expected: "a directory that can be listed", code: code)
    }
    let (opened, code) = FileWaits.during(path) { (opendir(directory.cString), errno) }
    guard let stream = opened else { throw failure(code) }
    defer { closedir(stream) }
    var entries: [Entry] = []
    while true {
      let (next, code) = FileWaits.during(path) {
        errno = 0
        return (readdir(stream), errno)
      }
      guard let entry = next else {
        guard code == 0 else { throw failure(code) }
        break
      }
      let name = withUnsafeBytes(of: &entry.pointee.d_name) { Path(bytes: $0.prefix { $0 != 0 }) }
      if name != Path("."), name != Path("..") {
        entries.append(Entry(name: name, type: Int(entry.pointee.d_type)))
      }
    }
    return entries.sorted { $0.name < $1.name }
  }

  /// A directory, or a link to one. Only where the listing does not tell, the system is asked.
  func isDirectory(at path: Path) -> Bool {
    switch type {
    case DT_DIR: true
    case DT_LNK, DT_UNKNOWN: Files.isDirectory(path.text)
    default: false
    }
  }
}
