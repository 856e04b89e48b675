import Tensors

/// The tensors of a file that `torch.save` wrote, by their names: a model's state, or a checkpoint that has one in
/// it. Nothing in the file is run, whatever it holds.
///
/// There are two forms, which both have a pickle of containers and tensors, and the numbers of the tensors beside
/// it: a zip archive (since PyTorch 1.6, see `PyTorchArchive`), and a sequence of pickles (`OldPyTorchFile`).
/// Source: torch/serialization.py.
package struct PyTorchFile: Sendable {
  package let path: String
  /// The tensors in the order of the file: floating-point types as `Float`, which rounds doubles, and integers
  /// and booleans as 64-bit integers.
  package let tensors: [NamedTensor]
  /// The key of the dictionary that the tensors are from; nil where they are in the outermost one.
  package let container: String?

  /// - Throws: `FileError` when the file cannot be read, or is wrong in any respect.
  package init(path: String) throws(FileError) {
    try self.init(bytes: try readFile(path, as: "a readable PyTorch file"), path: path)
  }

  /// - Parameter path: for messages.
  package init(bytes: [UInt8], path: String) throws(FileError) {
    self.path = path
    (container, tensors) =
      if bytes.starts(with: [0x50, 0x4B]) {
        try Self.readArchive(bytes, path)
      } else if bytes.first == 0x80 {
        try Self.readOldForm(bytes, path)
      } else {
        throw Self.otherKind(bytes, path)
      }
  }

  /// Says whether the bytes begin as one of the two forms, and not as a safetensors file, whose length may do so too.
  package static func isLikely(_ bytes: [UInt8]) -> Bool {
    let isSafetensors = bytes.count > 8 && bytes[8] == UInt8(ascii: "{")
    return !isSafetensors && (bytes.starts(with: [0x50, 0x4B]) || bytes.first == 0x80)
  }

  private static func otherKind(_ bytes: [UInt8], _ path: String) -> FileError {
    let kind = FileKind(of: bytes)
    return FileError(
      path, expected: "a PyTorch file",
      found: kind?.name ?? (bytes.isEmpty ? "an empty file" : "something else"), hint: kind?.hint)
  }

  private static func readArchive(
    _ bytes: [UInt8], _ path: String
  ) throws(FileError) -> (String?, [NamedTensor]) {
    try bytes.span.bytes.withUnsafeBytes { buffer throws(FileError) in
      var archive = try PyTorchArchive(buffer, path: path)
      let found = try NamedTensors(archive.root, in: archive.objects, path)
      let tensors = try found.load(
        checking: { storage throws(FileError) in try archive.check(storage) }
      ) { storage throws(FileError) in
        try archive.numbers(of: storage)
      }
      return (found.container, tensors)
    }
  }

  private static func readOldForm(
    _ bytes: [UInt8], _ path: String
  ) throws(FileError) -> (String?, [NamedTensor]) {
    let file = try OldPyTorchFile(bytes, path: path)
    let found = try NamedTensors(file.root, in: file.objects, path)
    let tensors = try found.load(
      checking: { storage throws(FileError) in _ = try file.numbers(of: storage) }
    ) { storage throws(FileError) in
      try file.numbers(of: storage)
    }
    return (found.container, tensors)
  }
}
