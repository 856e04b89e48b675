/// A zip archive of `torch.save`, in whose one directory are
///
///     data.pkl      the pickle, where ("storage", class, key, device, count) stands for the numbers of a tensor
///     data/KEY      the numbers
///     version       of the format, a number in decimal
///     byteorder     of the numbers, "little" or "big"
struct PyTorchArchive: ~Copyable {
  private var archive: ZipArchive
  private let directory: String
  private let path: String
  /// What the pickle holds.
  let root: PickleValue
  let objects: PickleObjects

  /// The versions that PyTorch 2.13 reads: caffe2/serialize/versions.h.
  private static let versions = 1...10

  /// - Parameter bytes: the archive, which has to stay where it is as long as this value lives.
  init(_ bytes: UnsafeRawBufferPointer, path: String) throws(FileError) {
    var archive = try ZipArchive(bytes, path: path)
    let directory = try Self.directory(of: archive.names, path)
    try Self.checkForm(&archive, directory, path)
    let pickle = try archive.read("\(directory)data.pkl", sizes: 0...PickleInput.largest)
    var machine = PickleMachine(PickleInput(pickle, place: "\(path), data.pkl"))
    root = try machine.load()
    objects = machine.objects
    self.archive = archive
    self.directory = directory
    self.path = path
  }

  /// The directory of the pickle, with a slash.
  private static func directory(of names: [String], _ path: String) throws(FileError) -> String {
    let pickle = "/data.pkl"
    let found = names.filter { $0.hasSuffix(pickle) && $0.count { $0 == "/" } == 1 }
    guard found.count == 1 else {
      let start = names.prefix(3).map(shown).joined(separator: ", ")
      throw FileError(
        path, expected: "a PyTorch file, a zip archive with one entry NAME/data.pkl",
        found: found.isEmpty
          ? (names.isEmpty ? "no entries" : "\(names.count) entries such as \(start)")
          : "\(found.count) of them")
    }
    return String(found[0].dropLast(pickle.count - 1))
  }

  private static func checkForm(
    _ archive: inout ZipArchive, _ directory: String, _ path: String
  ) throws(FileError) {
    let bytes = try archive.read("\(directory)version", sizes: 0...16)
    let version = String(decoding: bytes, as: UTF8.self)
    guard let number = Int(version.trimmingSuffix(while: \.isNewline)), versions.contains(number) else {
      throw FileError(
        path, expected: "a PyTorch file of version \(versions.lowerBound) to \(versions.upperBound)",
        found: shown(version))
    }
    // Files without it are from before PyTorch 2.1 and little-endian, as nearly all machines are.
    guard archive.size("\(directory)byteorder") != nil else { return }
    let order = String(decoding: try archive.read("\(directory)byteorder", sizes: 0...16), as: UTF8.self)
    guard order == "little" else {
      throw FileError(path, expected: "little-endian numbers", found: shown(order))
    }
  }

  /// - Throws: where a storage is not there, or not with as many bytes as its numbers have.
  func check(_ storage: PyTorchStorage) throws(FileError) {
    let (entry, size) = try entry(of: storage)
    try archive.check(entry, sizes: size...size)
  }

  /// The bytes of a storage.
  mutating func numbers(of storage: PyTorchStorage) throws(FileError) -> ArraySlice<UInt8> {
    let (entry, size) = try entry(of: storage)
    return try archive.read(entry, sizes: size...size)[...]
  }

  /// The name and the size in bytes of a storage's entry.
  private func entry(of storage: PyTorchStorage) throws(FileError) -> (name: String, size: Int) {
    let (size, overflow) = storage.count.multipliedReportingOverflow(by: storage.type.byteCount)
    let entry = "\(directory)data/\(storage.key)"
    guard !overflow else {
      throw FileError(
        "\(path), \(shown(entry))", expected: "numbers that memory can hold", found: "\(storage.count)")
    }
    return (entry, size)
  }
}

extension String {
  fileprivate func trimmingSuffix(while condition: (Character) -> Bool) -> Substring {
    self[..<(lastIndex { !condition($0) }.map { index(after: $0) } ?? startIndex)]
  }
}
