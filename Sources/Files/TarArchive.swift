import Glibc

/// The index of a tar archive that is not compressed: where its files begin and end. Headers are read, what is in the
/// files is passed over.
///
///     a header of 512 bytes, the file filled up to a multiple of 512 bytes, the next header ..., two blocks of zeros
///
/// Names may be those of ustar with a prefix, GNU's long ones (type L) or of extended headers (types x and g).
/// Sources: POSIX.1-2017, pax, "ustar Interchange Format" and "pax Header Block"; GNU tar, "Basic Tar Format".
package struct TarArchive {
  package struct Entry: Equatable, Sendable {
    package let name: Path
    /// The bytes of the archive that are the file's.
    package let range: Range<Int>
  }

  package let path: String
  /// Its regular files, in the order of the archive.
  package private(set) var entries: [Entry] = []

  private static let block = 512

  /// The most bytes that a header has of long names and the like.
  private static let longest = 1 << 20

  /// A file begins as a tar archive: with a header whose checksum is right.
  ///
  /// - Parameter start: its first 512 bytes.
  package static func isLikely(_ start: [UInt8]) -> Bool {
    start.count >= block && TarHeader(Array(start.prefix(block))) != nil
  }

  /// - Throws: `FileError` where it is no regular file or no tar archive, is compressed, damaged, or ends early.
  package init(path: String) throws(FileError) {
    let (descriptor, size) = try openForReading(path, as: "a tar archive")
    defer { close(descriptor) }
    self.path = path
    let file = OpenFile(descriptor: descriptor, size: size, path: path)
    var (place, extra) = (0, Extra())
    var last = "the start"
    while true {
      guard place + Self.block <= size else {
        if place == 0 { throw try Self.noArchive(file) }
        throw FileError(
          path, expected: "a block of zeros at the end, behind \(last)", found: "the end of the file",
          hint: damageHint)
      }
      let bytes = try file.read(place..<place + Self.block)
      place += Self.block
      if bytes.allSatisfy({ $0 == 0 }) { break }
      guard let header = TarHeader(bytes) else {
        if place == Self.block { throw try Self.noArchive(file) }
        throw FileError(
          "\(path), byte \(place - Self.block)", expected: "a header with the right checksum behind \(last)",
          found: "another", hint: damageHint)
      }
      let name = extra.name ?? header.name
      let length = if let size = extra.size { size } else { try header.checkedSize(name, in: path) }
      let end = try Self.end(of: length, name, at: place, in: file)
      try take(header, name, place..<place + length, &extra, file)
      last = shown(name.text)
      place = end
    }
    try Self.checkEnd(file, from: place)
  }

  /// What headers of their own say of the next entry.
  private struct Extra {
    var name: Path?
    var size: Int?
  }

  private mutating func take(
    _ header: TarHeader, _ name: Path, _ range: Range<Int>, _ extra: inout Extra, _ file: OpenFile
  ) throws(FileError) {
    func contents(_ what: String) throws(FileError) -> [UInt8] {
      guard range.count <= Self.longest else {
        throw FileError(
          "\(path), byte \(range.lowerBound)", expected: "\(what) of at most \(Self.longest) bytes",
          found: "\(range.count)")
      }
      return try file.read(range)
    }
    switch header.type {
    case UInt8(ascii: "L"): extra.name = Path(bytes: try contents("a long name").prefix { $0 != 0 })
    // The target of a link.
    case UInt8(ascii: "K"): break
    case UInt8(ascii: "x"):
      let records = try PaxRecords(try contents("an extended header"), "\(path), byte \(range.lowerBound)")
      if let name = records["path"] { extra.name = Path(bytes: name) }
      if let text = records["size"] {
        guard let size = Int(String(decoding: text, as: UTF8.self)), size >= 0 else {
          throw FileError(
            "\(path), byte \(range.lowerBound)", expected: "a size of at least 0",
            found: shown(String(decoding: text, as: UTF8.self)))
        }
        extra.size = size
      }
    // What all files have in common tells nothing here.
    case UInt8(ascii: "g"): break
    case 0, UInt8(ascii: "0"), UInt8(ascii: "7"):
      // Before ustar a slash at the end of the name made a directory.
      if name.bytes.last != UInt8(ascii: "/") { entries.append(Entry(name: name, range: range)) }
      extra = Extra()
    case UInt8(ascii: "1"), UInt8(ascii: "2"):
      throw FileError(
        path, expected: "files", found: "\(shown(name.text)), a link",
        hint: "tar --dereference --hard-dereference stores what links lead to")
    case UInt8(ascii: "S"):
      throw FileError(
        path, expected: "files that are stored whole", found: "\(shown(name.text)), which is sparse",
        hint: "pack them without --sparse")
    // Directories, devices and what only some programs know have nothing in them that is wanted.
    default: extra = Extra()
    }
  }

  /// Where the next header begins.
  private static func end(
    of length: Int, _ name: Path, at place: Int, in file: OpenFile
  ) throws(FileError) -> Int {
    let rest = file.size - place
    guard length <= rest else {
      throw FileError(
        file.path, expected: "\(length) bytes of \(shown(name.text)) from byte \(place) on", found: "\(rest)",
        hint: damageHint)
    }
    return place + (length + block - 1) / block * block
  }

  /// Behind the first block of zeros are only more of them.
  private static func checkEnd(_ file: OpenFile, from start: Int) throws(FileError) {
    for place in stride(from: start, to: file.size, by: 1 << 16) {
      let bytes = try file.read(place..<min(place + 1 << 16, file.size))
      guard let index = bytes.firstIndex(where: { $0 != 0 }) else { continue }
      throw FileError(
        file.path, expected: "only zeros behind the end of the archive at byte \(start - block)",
        found: "more at byte \(place + index)", hint: "tar --concatenate makes one of several archives")
    }
  }

  private static func noArchive(_ file: OpenFile) throws(FileError) -> FileError {
    let start = try file.read(0..<min(block, file.size))
    let kind = FileKind(of: start)
    return FileError(
      file.path, expected: "a tar archive",
      found: start.isEmpty ? "an empty file" : kind?.name ?? "something else", hint: kind?.hint)
  }
}

/// A file that is read in parts.
private struct OpenFile {
  let descriptor: Int32
  let size: Int
  let path: String

  func read(_ range: Range<Int>) throws(FileError) -> [UInt8] {
    var code: Int32 = 0
    let bytes = [UInt8](unsafeUninitializedCapacity: range.count) { buffer, filled in
      while filled < range.count {
        let (count, error) = FileWaits.during(path) {
          let count = pread(
            descriptor, buffer.baseAddress! + filled, range.count - filled, range.lowerBound + filled)
          return (count, errno)
        }
        if count < 0 && error == EINTR { continue }
        if count < 0 { code = error }
        if count <= 0 { break }
        filled += count
      }
    }
    guard code == 0 else { throw FileError(path, expected: "a readable file", code: code) }
    guard bytes.count == range.count else {
      throw FileError(
        path, expected: "\(size) bytes, the file's size when it was opened", found: "fewer",
        hint: "another program may be writing it")
    }
    return bytes
  }
}
