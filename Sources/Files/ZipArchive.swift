import CZip
import Glibc

/// A zip archive in memory, read with distrust: entries are told apart by their names, which occur once, are
/// stored or deflated and not encrypted, and are unpacked to sizes that are known before and limited in sum.
///
/// Corresponds to `zip_open_from_source`, `zip_stat_index` and `zip_fread` of libzip.
struct ZipArchive: ~Copyable {
  private let archive: OpaquePointer
  private let path: String
  private let indices: [String: Place]
  /// Where an entry is and what the archive says of it.
  private struct Place {
    let index: UInt64
    let size: UInt64
    /// No more bytes than its own can unpack to.
    let mostUnpacked: UInt64

    init(_ index: UInt64, _ status: zip_stat_t) {
      (self.index, size) = (index, status.size)
      // Deflate never packs more than 1,032 bytes into one.
      let isStored = Int32(status.comp_method) == ZIP_CM_STORE
      let (most, overflow) = status.comp_size.multipliedReportingOverflow(by: isStored ? 1 : 1032)
      mostUnpacked = overflow ? .max : most
    }
  }

  /// Names of the entries in the archive's order.
  let names: [String]
  /// Bytes that may still be unpacked.
  private var budget: Int

  private let byteCount: Int
  /// How many times the archive's bytes all entries together may unpack to.
  private let mostPacked: Int

  /// What all entries of an archive may unpack to.
  static func limit(ofArchive byteCount: Int, mostPacked: Int) -> Int { 1 << 20 + mostPacked * byteCount }

  /// Tensors are hardly compressible, so more is an attack.
  static let mostPackedTensors = 8

  /// - Parameters:
  ///   - bytes: the archive, which has to stay where it is as long as this value lives.
  ///   - path: for messages.
  ///   - mostPacked: how many times the archive's bytes all entries may unpack to.
  init(
    _ bytes: UnsafeRawBufferPointer, path: String, mostPacked: Int = mostPackedTensors
  ) throws(FileError) {
    var failure = zip_error_t()
    zip_error_init(&failure)
    defer { zip_error_fini(&failure) }
    guard let source = zip_source_buffer_create(bytes.baseAddress, UInt64(bytes.count), 0, &failure) else {
      throw Self.error(path, &failure)
    }
    try self.init(source, byteCount: bytes.count, path: path, mostPacked: mostPacked)
  }

  /// An archive that stays on the disk but for the entries that are read.
  init(path: String, mostPacked: Int) throws(FileError) {
    let (descriptor, size) = try openForReading(path)
    guard let file = fdopen(descriptor, "rb") else {
      close(descriptor)
      throw FileError(path, expected: "memory to read the file", found: "none")
    }
    var failure = zip_error_t()
    zip_error_init(&failure)
    defer { zip_error_fini(&failure) }
    // The source has all of the file and closes it.
    guard let source = zip_source_filep_create(file, 0, -1, &failure) else {
      fclose(file)
      throw Self.error(path, &failure)
    }
    try self.init(source, byteCount: size, path: path, mostPacked: mostPacked)
  }

  /// - Parameter source: the archive's bytes, which this value frees.
  private init(
    _ source: OpaquePointer, byteCount: Int, path: String, mostPacked: Int
  ) throws(FileError) {
    var failure = zip_error_t()
    zip_error_init(&failure)
    defer { zip_error_fini(&failure) }
    let opened = FileWaits.during(path) { zip_open_from_source(source, ZIP_RDONLY, &failure) }
    guard let archive = opened else {
      zip_source_free(source)
      throw Self.error(path, &failure)
    }
    do { (names, indices) = try Self.entries(of: archive, path) } catch {
      zip_discard(archive)
      throw error
    }
    self.archive = archive
    self.path = path
    (self.mostPacked, self.byteCount) = (mostPacked, byteCount)
    budget = Self.limit(ofArchive: byteCount, mostPacked: mostPacked)
  }

  deinit { zip_discard(archive) }

  private static func error(_ path: String, _ error: UnsafeMutablePointer<zip_error_t>) -> FileError {
    FileError(
      path, expected: "a whole zip archive", found: "\"\(String(cString: zip_error_strerror(error)))\"",
      hint: damageHint)
  }

  private static func entries(
    of archive: OpaquePointer, _ path: String
  ) throws(FileError) -> (names: [String], indices: [String: Place]) {
    var names: [String] = []
    var indices: [String: Place] = [:]
    for index in 0..<UInt64(max(zip_get_num_entries(archive, 0), 0)) {
      var status = zip_stat_t()
      guard zip_stat_index(archive, index, UInt32(ZIP_FL_ENC_RAW), &status) == 0, let text = status.name
      else {
        throw error(path, zip_get_error(archive))
      }
      let name = String(cString: text)
      try check(status, name, path)
      guard indices.updateValue(Place(index, status), forKey: name) == nil else {
        throw FileError(path, expected: "each entry once", found: "\(shown(name)) again")
      }
      names.append(name)
    }
    return (names, indices)
  }

  private static func check(_ status: zip_stat_t, _ name: String, _ path: String) throws(FileError) {
    guard Int32(status.encryption_method) == ZIP_EM_NONE else {
      throw FileError(path, expected: "entries that are not encrypted", found: "\(shown(name)), which is")
    }
    guard [ZIP_CM_STORE, ZIP_CM_DEFLATE].contains(Int32(status.comp_method)) else {
      throw FileError(
        path, expected: "entries stored or deflated",
        found: "\(shown(name)) by compression method \(status.comp_method)")
    }
  }
}

extension ZipArchive {
  /// The size of an entry unpacked, as the archive says; nil where there is none of this name.
  func size(_ name: String) -> UInt64? { indices[name]?.size }

  /// - Parameter sizes: the sizes in bytes that an entry may have.
  /// - Throws: where there is none of the name, or it has another size.
  @discardableResult
  func check(
    _ name: String, sizes: ClosedRange<Int>
  ) throws(FileError) -> (index: UInt64, count: Int) {
    let place = "\(path), \(shown(name))"
    guard let entry = indices[name] else {
      throw FileError(path, expected: "an entry \(shown(name))", found: "none", hint: damageHint)
    }
    guard let count = Int(exactly: entry.size), sizes.contains(count) else {
      let expected = sizes.count == 1 ? "\(sizes.lowerBound) bytes" : "at most \(sizes.upperBound) bytes"
      throw FileError(place, expected: expected, found: "\(entry.size)")
    }
    guard entry.size <= min(entry.mostUnpacked, UInt64(byteCount) * 1032) else {
      throw FileError(
        place, expected: "a size that the archive's \(byteCount) bytes can hold", found: "\(entry.size)",
        hint: damageHint)
    }
    return (entry.index, count)
  }

  /// Unpacks an entry, whose checksum is checked.
  ///
  /// - Parameter sizes: the sizes in bytes that it may have.
  mutating func read(_ name: String, sizes: ClosedRange<Int>) throws(FileError) -> [UInt8] {
    let (index, count) = try check(name, sizes: sizes)
    let place = "\(path), \(shown(name))"
    guard count <= budget else {
      throw FileError(
        place, expected: "at most \(budget) bytes to unpack, \(mostPacked) times the archive's size in all",
        found: "\(count)")
    }
    budget -= count
    return try read(index, count, place)
  }

  private func read(_ index: UInt64, _ count: Int, _ place: String) throws(FileError) -> [UInt8] {
    guard let file = zip_fopen_index(archive, index, 0) else {
      throw Self.error(place, zip_get_error(archive))
    }
    defer { zip_fclose(file) }
    var isWhole = true
    let bytes = [UInt8](unsafeUninitializedCapacity: count) { buffer, filled in
      while filled < count {
        let read = FileWaits.during(path) {
          zip_fread(file, buffer.baseAddress! + filled, UInt64(min(count - filled, FileWaits.mostBytes)))
        }
        if read <= 0 { break }
        filled += Int(read)
      }
      // At the end, and not before, libzip compares the checksum.
      var more: UInt8 = 0
      isWhole = zip_fread(file, &more, 1) == 0
    }
    guard bytes.count == count, isWhole else {
      let error = zip_file_get_error(file)
      let text =
        zip_error_code_zip(error) == ZIP_ER_OK ? "" : ", \"\(String(cString: zip_error_strerror(error)))\""
      throw FileError(
        place, expected: "\(count) bytes with the right checksum",
        found: "\(isWhole || bytes.count < count ? "\(bytes.count)" : "others or more")\(text)",
        hint: damageHint)
    }
    return bytes
  }
}
