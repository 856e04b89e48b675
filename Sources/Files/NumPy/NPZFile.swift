/// An archive of NumPy's: a zip archive of arrays, `NAME.npy`, stored or deflated.
///
/// Corresponds to `numpy.load` of what `numpy.savez` or `numpy.savez_compressed` wrote.
package struct NPZFile: ~Copyable {
  private var archive: ZipArchive
  private let path: String
  /// Names of the arrays, in the order of the file.
  package let names: [String]

  /// Deflate never packs more than 1,032 bytes into one.
  private static let mostPacked = 1032

  /// - Throws: where it is no regular file, or no whole zip archive.
  package init(path: String) throws(FileError) {
    let start = try readStart(of: path, FileKind.bytesNeeded)
    guard start.starts(with: [0x50, 0x4B]) else {
      let kind = FileKind(of: start)
      throw FileError(
        path, expected: "a NumPy .npz archive",
        found: start.isEmpty ? "an empty file" : kind?.name ?? "something else", hint: kind?.hint)
    }
    self.init(try ZipArchive(path: path, mostPacked: Self.mostPacked), path: path)
  }

  /// - Parameter bytes: the archive, which has to stay where it is as long as this value lives.
  package init(_ bytes: UnsafeRawBufferPointer, path: String) throws(FileError) {
    self.init(try ZipArchive(bytes, path: path, mostPacked: Self.mostPacked), path: path)
  }

  private init(_ archive: consuming ZipArchive, path: String) {
    names = archive.names.filter { $0.hasSuffix(".npy") }.map { String($0.dropLast(4)) }
    self.archive = archive
    self.path = path
  }

  /// Bytes of the file of an array that `names` has, unpacked.
  package func byteCount(_ name: String) throws(FileError) -> Int {
    try archive.check("\(name).npy", sizes: 0...Int.max).count
  }

  /// An array that `names` has.
  package mutating func array(_ name: String) throws(FileError) -> NumPyArray {
    let bytes = try archive.read("\(name).npy", sizes: 0...Int.max)
    return try readNPY(bytes, place: "\(path), \(shown(name))")
  }
}
