/// What a file holds, as its first bytes tell whatever its name says: for errors about a file of another kind.
package struct FileKind: Equatable, Sendable {
  /// The kind in words, such as "a zip archive".
  package let name: String
  /// How to get at what was wanted, whatever that was; nil where nothing general can be said.
  package let hint: String?
  /// It is one that `PyTorchFile` reads.
  package let isPyTorch: Bool

  /// The names of kinds that are read here.
  package static let (npz, tar) = ("a NumPy .npz archive", "a tar archive")

  /// First bytes of a file that are enough to tell all kinds.
  package static let bytesNeeded = 512

  /// - Parameter bytes: the file's first bytes, at least `bytesNeeded` of them where it has as many.
  /// - Returns: nil for an unknown kind.
  package init?(of bytes: some Collection<UInt8>) {
    let start = Array(bytes.prefix(Self.bytesNeeded))
    // First safetensors: the length that it begins with may look like another kind's signature.
    guard let kind = safetensorsKind(start) ?? zipKind(start) ?? signedKind(start) ?? textKind(start) else {
      return nil
    }
    self = kind
  }

  fileprivate init(_ name: String, hint: String? = nil, isPyTorch: Bool = false) {
    self.name = name
    self.hint = hint
    self.isPyTorch = isPyTorch
  }

  /// A kind that wraps the file that is wanted.
  fileprivate static func packed(_ name: String) -> FileKind { FileKind(name, hint: "unpack it first") }

  /// Something that a server sent in place of the file.
  fileprivate static func substitute(_ name: String) -> FileKind {
    FileKind(name, hint: "the download went wrong: fetch the file itself")
  }
}

/// A zip archive by its first entry: PyTorch puts `NAME/data.pkl` first, and whoever packs its archive anew may begin
/// with another of its entries; NumPy has only arrays.
///
/// A local header has the length of its name at byte 26 and the name at byte 30. Source: PKWARE, APPNOTE.TXT, 4.3.7.
private func zipKind(_ bytes: [UInt8]) -> FileKind? {
  guard bytes.starts(with: [0x50, 0x4B, 3, 4]) || bytes.starts(with: [0x50, 0x4B, 5, 6]) else { return nil }
  guard bytes.count > 30 else { return .packed("a zip archive") }
  let length = Int(bytes[26]) | Int(bytes[27]) << 8
  let name = String(decoding: bytes[30...].prefix(length), as: UTF8.self)
  let isPyTorch = ["data.pkl", "version", "byteorder", ".format_version"].contains {
    name.hasSuffix("/\($0)")
  }
  if isPyTorch { return FileKind("a PyTorch file", isPyTorch: true) }
  if name.hasSuffix(".npy") { return FileKind(FileKind.npz) }
  return .packed("a zip archive")
}

private func signedKind(_ bytes: [UInt8]) -> FileKind? {
  signatures.first { signature, _ in
    bytes.count >= signature.count && zip(bytes, signature).allSatisfy { $1 == nil || $0 == $1 }
  }?.kind
}

/// Kinds by their first bytes, of which nil stands for any; the more special first.
private let signatures: [(bytes: [UInt8?], kind: FileKind)] = [
  ([0x1F, 0x8B], .packed("gzip data")),
  (ascii("BZh"), .packed("bzip2 data")),
  ([0xFD] + ascii("7zXZ\0"), .packed("xz data")),
  ([0x28, 0xB5, 0x2F, 0xFD], .packed("zstd data")),
  (any(257) + ascii("ustar"), .packed(FileKind.tar)),
  ([0x93] + ascii("NUMPY"), FileKind("a NumPy .npy file")),
  ([0x89] + ascii("HDF\r\n"), FileKind("an HDF5 file")),
  ([0x89] + ascii("PNG"), FileKind("a PNG image")),
  ([0xFF, 0xD8, 0xFF], FileKind("a JPEG image")),
  (ascii("GIF8"), FileKind("a GIF image")),
  (ascii("RIFF") + any(4) + ascii("WEBP"), FileKind("a WebP image")),
  (ascii("BM") + any(4) + [0, 0, 0, 0], FileKind("a BMP image")),
  (ascii("II*\0"), FileKind("a TIFF image")),
  (ascii("MM\0*"), FileKind("a TIFF image")),
  (any(4) + ascii("ftyphei"), FileKind("a HEIC image")),
  (any(4) + ascii("ftypmif1"), FileKind("a HEIC image")),
  (any(4) + ascii("ftypavif"), FileKind("an AVIF image")),
  (ascii("%PDF-"), FileKind("a PDF document")),
  // The number, pickled, that torch.save began files with before version 1.6: by protocol 2, 3, and 4 or 5.
  ([0x80, 2] + magicOfPyTorch, oldPyTorch),
  ([0x80, 3] + magicOfPyTorch, oldPyTorch),
  ([0x80, nil, 0x95] + any(8) + magicOfPyTorch, oldPyTorch),
  ([0x80, 2], FileKind("a Python pickle")),
  ([0x80, 3], FileKind("a Python pickle")),
  ([0x80, 4, 0x95], FileKind("a Python pickle")),
  ([0x80, 5, 0x95], FileKind("a Python pickle")),
  ([0, 0, 8, 1], FileKind("an IDX file")),
  ([0, 0, 8, 3], FileKind("an IDX file")),
  (
    ascii("version https://git-lfs"),
    FileKind("a pointer of Git LFS", hint: "`git lfs pull` fetches the file itself")
  ),
]

private let magicOfPyTorch: [UInt8?] = [0x8A, 10, 0x6C, 0xFC, 0x9C, 0x46]

private let oldPyTorch = FileKind("a PyTorch file of an old format", isPyTorch: true)

private func ascii(_ text: String) -> [UInt8?] { text.utf8.map { $0 } }

private func any(_ count: Int) -> [UInt8?] { [UInt8?](repeating: nil, count: count) }

/// Kinds of text, by its first letters behind a byte order mark and space.
private func textKind(_ bytes: [UInt8]) -> FileKind? {
  let mark: [UInt8] = [0xEF, 0xBB, 0xBF]
  let text = bytes[(bytes.starts(with: mark) ? 3 : 0)...].drop { [0x09, 0x0A, 0x0D, 0x20].contains($0) }
  let letters = String(decoding: text.prefix(16), as: UTF8.self).lowercased()
  if letters.hasPrefix("<!doctype html") || letters.hasPrefix("<html") { return .substitute("an HTML page") }
  if letters.hasPrefix("<svg") { return FileKind("an SVG image") }
  if letters.hasPrefix("<?xml") { return .substitute("an XML document") }
  return letters.hasPrefix("{") ? FileKind("a JSON text") : nil
}

/// A safetensors file: the length of its header in 8 bytes, little-endian and below 2^32, and a JSON object.
private func safetensorsKind(_ bytes: [UInt8]) -> FileKind? {
  guard bytes.count > 8, bytes[4..<8].allSatisfy({ $0 == 0 }), bytes[8] == UInt8(ascii: "{") else {
    return nil
  }
  return FileKind("a safetensors file")
}
