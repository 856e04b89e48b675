import Files
import Foundation
import Hashing
import Tensors
import TestSupport
import Testing

@Suite struct SafetensorsTests {
  static let contents = SafetensorsContents(
    metadata: ["format": "pt", "note": "\"quoted\"\nä"],
    tensors: [
      NamedTensor("conv.weight", [1, 2, 1], .floats([1.5, -2])),
      NamedTensor("count", [], .integers([-7])),
      NamedTensor("empty", [0, 3], .floats([])),
      NamedTensor("b", [3], .floats([0.25, .infinity, -0.0])),
    ])

  /// A file with this header and so many bytes of data.
  private func file(_ header: String, data: Int = 0) throws -> SafetensorsFile {
    let length = (0..<8).map { UInt8(truncatingIfNeeded: header.utf8.count >> (8 * $0)) }
    return try SafetensorsFile(
      bytes: length + Array(header.utf8) + (0..<data).map { UInt8(truncatingIfNeeded: $0) }, path: "f")
  }

  @Test func readsWhatItWrites() throws {
    let file = try SafetensorsFile(bytes: Self.contents.bytes, path: "f")
    #expect(file.metadata == Self.contents.metadata)
    #expect(try file.load() == Self.contents.tensors)
    #expect(try file.load { $0 == "b" }.map(\.name) == ["b"])
    #expect(file.tensors.map(\.type) == [.f32, .i64, .f32, .f32])
    #expect(file.tensors[0].range.lowerBound % 8 == 0)
  }

  @Test func writesToFilesWhatItsBytesAre() throws {
    try withTemporaryDirectory { directory in
      let path = "\(directory)/a.safetensors"
      let written = try Self.contents.write(to: path)
      let bytes = try readFile(path)
      #expect(bytes == Self.contents.bytes)
      var hash = SHA256()
      hash.update(bytes.span.bytes)
      let digest = hash.hexDigest()
      #expect(written == (bytes.count, digest))
      #expect(try SafetensorsFile(path: path).load() == Self.contents.tensors)
    }
  }

  @Test func readsTheTypesOfWeights() throws {
    let header = """
      {"h": {"dtype": "F16", "shape": [2], "data_offsets": [0, 4]},
       "b": {"dtype": "BF16", "shape": [2], "data_offsets": [4, 8]},
       "d": {"dtype": "F64", "shape": [1], "data_offsets": [8, 16]},
       "i": {"dtype": "I32", "shape": [], "data_offsets": [16, 20]},
       "u": {"dtype": "U8", "shape": [1], "data_offsets": [20, 21]}}
      """
    let length = (0..<8).map { UInt8(truncatingIfNeeded: header.utf8.count >> (8 * $0)) }
    let numbers: [UInt8] =
      [0x00, 0x3E, 0xFF, 0xFB, 0xC0, 0x3F, 0x80, 0xFF]
      + [0, 0, 0, 0, 0, 0, 0xF8, 0x3F, 0xFE, 0xFF, 0xFF, 0xFF, 9]
    let file = try SafetensorsFile(bytes: length + Array(header.utf8) + numbers, path: "f")
    #expect(try file.load(file.tensors[0]).values == .floats([1.5, -65504]))
    #expect(try file.load(file.tensors[1]).values == .floats([1.5, -.infinity]))
    #expect(try file.load(file.tensors[2]).values == .floats([1.5]))
    #expect(try file.load(file.tensors[3]).values == .integers([-2]))
    let error = #expect(throws: FileError.self) { try file.load(file.tensors[4]) }
    #expect(
      error?.description
        == "f: expected tensor \"u\" of a type that can be read, found U8; convert it to F32")
  }

  @Test(arguments: [
    ("[]", "expected a header of 2 bytes, as its first 8 bytes say, found something else than JSON"),
    ("", "expected a header of 0 bytes, as its first 8 bytes say, found something else than JSON"),
    ("{", "f, header, line 1, column 2: expected a key in double quotes, found the end"),
    (
      #"{"w": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}, "\u0077": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}}"#,
      "f, header, line 1, column 63: expected each key once, found \"w\" again"
    ),
    (#"{"__metadata__": {"a": "", "a": ""}}"#, "expected each key once, found \"a\" again"),
    (
      #"{"a": {"dtype": "F32", "shape": [1], "shape": [2], "data_offsets": [0, 4]}}"#,
      "expected each key once, found \"shape\" again"
    ),
    (#"{"__metadata__": []}"#, "__metadata__: expected Dictionary"),
    (#"{"__metadata__": {"a": 1}}"#, "__metadata__.a: expected String"),
    (#"{"a": 1}"#, "found a: expected "),
    (#"{"a": {"dtype": "F31", "shape": [], "data_offsets": [0, 4]}}"#, "a known type, such as F32"),
    (#"{"a": {"shape": [], "data_offsets": [0, 4]}}"#, "found a: \"dtype\" is missing"),
    (
      #"{"a": {"dtype": "F32", "shape": [-1], "data_offsets": [0, 4]}}"#,
      "a shape of sizes of at least 0, found [-1]"
    ),
    (#"{"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 0]}}"#, "data_offsets of begin and end"),
    (#"{"a": {"dtype": "F32", "shape": [1], "data_offsets": [0]}}"#, "data_offsets of begin and end"),
    (
      #"{"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 400]}}"#,
      "to have its end at byte 400 of the data, found 8 bytes"
    ),
    (#"{"a": {"dtype": "F32", "shape": [3], "data_offsets": [0, 8]}}"#, "the bytes of F32 in shape [3]"),
    (
      #"{"a": {"dtype": "F32", "shape": [4294967296, 4294967296], "data_offsets": [0, 8]}}"#,
      "the bytes of F32 in shape"
    ),
    (#"{"a": {"dtype": "F32", "shape": [1], "data_offsets": [4, 8]}}"#, "to begin at byte 0 of the data"),
    (#"{"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}}"#, "expected 4 bytes of data"),
    (
      #"{"a": {"dtype": "F32", "shape": [1], "data_offsets": [0, 4]}, "b": {"dtype": "F32", "shape": [2], "data_offsets": [0, 8]}}"#,
      "tensor \"b\" to begin at byte 4"
    ),
  ])
  func saysWhatIsWrongWithAHeader(_ header: String, _ expected: String) {
    let error = #expect(throws: FileError.self) { try file(header, data: 8) }
    #expect(error?.description.contains(expected) == true, "\(error?.description ?? "")")
  }

  @Test(arguments: [#"{"__metadata__": null}"#, #"{"__metadata__": {}}"#, "{}", "{}   "])
  func metadataMayBeMissing(_ header: String) throws {
    let file = try file(header)
    #expect(file.metadata.isEmpty && file.tensors.isEmpty)
  }

  /// Time must not grow with the square of the number of tensors: it comes from the file.
  @Test func manyTensorsAreReadAtOnce() throws {
    let contents = SafetensorsContents(
      tensors: (0..<50_000).map { NamedTensor("layers.\($0).weight", [1], .floats([Float($0)])) })
    let bytes = contents.bytes
    let start = threadSeconds()
    let file = try SafetensorsFile(bytes: bytes, path: "f")
    let seconds = threadSeconds() - start
    #expect(seconds < 4, "\(seconds) s")
    #expect(file.tensors.count == 50_000 && file.tensors[49_999].name == "layers.49999.weight")
    #expect(try file.load(file.tensors[49_999]).values == .floats([49_999]))
  }

  private static let zip: [UInt8] = [0x50, 0x4B, 3, 4] + [UInt8](repeating: 0, count: 22)

  @Test(arguments: [
    (
      zip + [12, 0, 0, 0] + Array("net/data.pkl....".utf8), "a PyTorch file",
      "import it first: `cnn-mpi import`"
    ),
    (zip + [5, 0, 0, 0] + Array("w.npy....".utf8), "a NumPy .npz archive", "safetensors.numpy.save_file"),
    (zip + [5, 0, 0, 0] + Array("w.txt....".utf8), "a zip archive", "unpack it first"),
    ([0x89] + Array("HDF\r\n".utf8) + [0x1A, 0x0A, 0], "an HDF5 file", "safetensors.numpy.save_file"),
    ([0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 0, 3], "gzip data", "unpack it first"),
    ([0x80, 2, 0x7D, 0x71, 0, 0x28, 0x58, 0, 0, 0], "a Python pickle", "import it first: `cnn-mpi import`"),
    (Array("<!doctype html>\n<html>".utf8), "an HTML page", "fetch the file itself"),
    (Array(#"{"name": "m", "input": [28, 28, 1]}"#.utf8), "a JSON text", ""),
  ])
  func filesOfOtherKindsAreNamed(_ bytes: [UInt8], _ kind: String, _ hint: String) {
    let error = #expect(throws: FileError.self) { try SafetensorsFile(bytes: bytes, path: "f") }
    let message = error?.description ?? ""
    #expect(message.hasPrefix("f: expected a safetensors file, found \(kind)"), "\(message)")
    #expect(message.hasSuffix(hint), "\(message)")
  }

  /// A header of 640 bytes begins like a pickle.
  @Test func lengthsAreNotTakenForOtherKinds() throws {
    let header = "{\"__metadata__\":null}" + String(repeating: " ", count: 619)
    #expect(header.utf8.count == 640)
    #expect(try file(header).tensors.isEmpty)
    let bytes = [0x80, 2, 0, 0, 0, 0, 0, 0] + Array(header.utf8.dropLast())
    let error = #expect(throws: FileError.self) { try SafetensorsFile(bytes: bytes, path: "f") }
    #expect(
      error?.description.contains("expected a header of 640 bytes") == true, "\(String(describing: error))")
  }

  @Test func saysWhatIsWrongWithTheLength() {
    let error = #expect(throws: FileError.self) {
      try SafetensorsFile(bytes: [UInt8](repeating: 0xFF, count: 20), path: "f")
    }
    #expect(
      error?.description.contains("expected a header of 18446744073709551615 bytes") == true)
  }

  @Test func everyTruncationIsSeen() {
    let whole = Self.contents.bytes
    for length in 0..<whole.count {
      #expect(throws: FileError.self, "\(length) of \(whole.count) bytes") {
        try SafetensorsFile(bytes: Array(whole[..<length]), path: "f")
      }
    }
    #expect(throws: FileError.self) { try SafetensorsFile(bytes: whole + [0], path: "f") }
  }

  /// Whatever the damage, the file is refused or every tensor lies within it.
  @Test func damagedHeadersDoNoHarm() throws {
    let whole = Self.contents.bytes
    let end = try SafetensorsFile(bytes: whole, path: "f").tensors[0].range.lowerBound
    var random = RandomStream(seed: 1, purpose: .initialization)
    var refused = 0
    for _ in 0..<20_000 {
      var bytes = whole
      for _ in 0...random.integer(below: 3) {
        bytes[random.integer(below: end)] ^= 1 << UInt8(random.integer(below: 8))
      }
      do {
        _ = try SafetensorsFile(bytes: bytes, path: "f").load()
      } catch {
        refused += 1
      }
    }
    #expect(refused > 10_000)
  }

  @Test(.enabled(if: Python.isThere, Comment(rawValue: Python.hint)))
  func pythonReadsWhatItWrites() throws {
    try withTemporaryDirectory { directory in
      let path = "\(directory)/a.safetensors"
      try Self.contents.write(to: path)
      let printed = try Python.run(
        """
        import sys
        from safetensors import safe_open
        with safe_open(sys.argv[1], "pt") as file:
            print(sorted(file.metadata().items()))
            for name in sorted(file.keys()):
                tensor = file.get_tensor(name)
                print(name, tensor.dtype, list(tensor.shape), tensor.flatten().tolist())
        """, [path])
      #expect(
        printed == """
          [('format', 'pt'), ('note', '"quoted"\\nä')]
          b torch.float32 [3] [0.25, inf, -0.0]
          conv.weight torch.float32 [1, 2, 1] [1.5, -2.0]
          count torch.int64 [] [-7]
          empty torch.float32 [0, 3] []

          """)
    }
  }

  @Test(.enabled(if: Python.isThere, Comment(rawValue: Python.hint)))
  func readsWhatPythonWrites() throws {
    try withTemporaryDirectory { directory in
      let path = "\(directory)/a.safetensors"
      _ = try Python.run(
        """
        import sys, torch
        from safetensors.torch import save_file
        tensors = {"z": torch.arange(6.0).reshape(2, 3), "n": torch.tensor(3), "half": torch.ones(3).half()}
        tensors |= {"a": torch.full((2,), 0.1, dtype=torch.float64), "brain": -torch.ones(1).bfloat16()}
        save_file(tensors, sys.argv[1], metadata={"by": "Python"})
        """, [path])
      let file = try SafetensorsFile(path: path)
      #expect(file.metadata == ["by": "Python"])
      let tensors = try file.load().sorted { $0.name < $1.name }
      #expect(
        tensors == [
          NamedTensor("a", [2], .floats([0.1, 0.1])), NamedTensor("brain", [1], .floats([-1])),
          NamedTensor("half", [3], .floats([1, 1, 1])), NamedTensor("n", [], .integers([3])),
          NamedTensor("z", [2, 3], .floats([0, 1, 2, 3, 4, 5])),
        ])
    }
  }
}
