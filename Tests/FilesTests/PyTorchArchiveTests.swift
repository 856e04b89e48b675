import Files
import Foundation
import Tensors
import TestSupport
import Testing

/// Zip archives that are no files of `torch.save`, or bombs.
@Suite(.enabled(if: Python.isThere, Comment(rawValue: Python.hint)))
struct PyTorchArchiveTests {
  private static let script = """
    import io, os, pickle, struct, sys, torch, warnings, zipfile
    warnings.simplefilter("ignore")
    directory = sys.argv[1] + "/"
    torch.save({"w": torch.arange(64.0)}, directory + "good")
    source = zipfile.ZipFile(directory + "good")
    entries = {name.removeprefix("good/"): source.read(name) for name in source.namelist()}

    def archive(name, change={}, method=zipfile.ZIP_STORED, more=(), prefix="net/", finish=lambda file: None):
        with zipfile.ZipFile(directory + name, "w", method) as file:
            for entry, data in (entries | change).items():
                if data is not None: file.writestr(prefix + entry, data)
            for entry, data in more: file.writestr(entry, data)
            finish(file)

    def claim(size):
        def finish(file): file.getinfo("net/data/0").file_size = size
        return finish

    def patch(name, source, at, bytes):
        data = bytearray(open(directory + source, "rb").read())
        place = at(data)
        data[place:place + len(bytes)] = bytes
        open(directory + name, "wb").write(data)

    archive("stored")
    archive("deflated", method=zipfile.ZIP_DEFLATED)
    archive("reordered", more=[("net/data.pkl", entries["data.pkl"])], change={"data.pkl": None})
    archive("no byteorder", {"byteorder": None})
    archive("big", {"byteorder": b"big"})
    archive("long byteorder", {"byteorder": b"little" * 100})
    archive("no version", {"version": None})
    archive("version 11", {"version": b"11\\n"})
    archive("version text", {"version": b"three"})
    archive("no pickle", {"data.pkl": None})
    archive("two pickles", more=[("other/data.pkl", entries["data.pkl"])])
    archive("no directory", prefix="")
    archive("no data", {"data/0": None})
    archive("twice", more=[("net/data/0", bytes(256))])
    archive("bzip2", method=zipfile.ZIP_BZIP2)
    archive("short data", {"data/0": entries["data/0"][:-1]})
    archive("long data", {"data/0": entries["data/0"] + b"0"})
    archive("claim", finish=claim(10 << 30), method=zipfile.ZIP_DEFLATED)
    archive("short", {"data/0": entries["data/0"][:100]}, finish=claim(256), method=zipfile.ZIP_DEFLATED)
    archive("long", {"data/0": entries["data/0"] + bytes(10 << 20)}, finish=claim(256), method=zipfile.ZIP_DEFLATED)
    bomb = io.BytesIO()
    torch.save({"w": torch.zeros(16 << 20)}, bomb)
    with zipfile.ZipFile(bomb) as file:
        whole = {name.removeprefix("archive/"): file.read(name) for name in file.namelist()}
    archive("bomb", whole, method=zipfile.ZIP_DEFLATED)
    archive("pickle bomb", {"data.pkl": bytes(100 << 20)}, method=zipfile.ZIP_DEFLATED)
    archive("smaller pickle bomb", {"data.pkl": bytes(10 << 20)}, method=zipfile.ZIP_DEFLATED)
    class System:
        def __reduce__(self): return (os.system, ("echo pwned",))
    for protocol in (2, 4):
        archive(f"system {protocol}", {"data.pkl": pickle.dumps({"w": System()}, protocol)})
    size = os.path.getsize(directory + "stored")
    open(directory + "truncated", "wb").write(open(directory + "stored", "rb").read()[:size // 2])
    archive("empty", {name: None for name in entries})
    data = entries["data/0"]
    patch("damaged", "stored", lambda file: file.find(data) + 100, b"!")
    # The bit of encryption, in the archive's directory.
    patch("encrypted", "stored", lambda file: file.rfind(b"net/data/0") - 46 + 8, b"\\x01")
    """

  private static let refusals: [(String, String)] = [
    ("big", "expected little-endian numbers, found \"big\""),
    ("long byteorder", "\"net/byteorder\": expected at most 16 bytes, found 600"),
    ("no version", "expected an entry \"net/version\", found none"),
    ("version 11", "expected a PyTorch file of version 1 to 10, found \"11\\n\""),
    ("version text", "expected a PyTorch file of version 1 to 10, found \"three\""),
    (
      "no pickle",
      "a zip archive with one entry NAME/data.pkl, found 6 entries such as \"net/.format_version\""
    ),
    ("two pickles", "a zip archive with one entry NAME/data.pkl, found 2 of them"),
    ("no directory", "a zip archive with one entry NAME/data.pkl, found 7 entries such as \"data.pkl\""),
    ("no data", "expected an entry \"net/data/0\", found none"),
    ("twice", "expected each entry once, found \"net/data/0\" again"),
    ("bzip2", "expected entries stored or deflated, found \"net/data.pkl\" by compression method 12"),
    ("short data", "\"net/data/0\": expected 256 bytes, found 255"),
    ("long data", "\"net/data/0\": expected 256 bytes, found 257"),
    ("claim", "\"net/data/0\": expected 256 bytes, found 10737418240"),
    ("short", "\"net/data/0\": expected 256 bytes with the right checksum, found "),
    ("long", "\"net/data/0\": expected 256 bytes with the right checksum, found "),
    ("bomb", "bytes to unpack, 8 times the archive's size in all, found 67108864"),
    ("pickle bomb", "\"net/data.pkl\": expected at most 67108864 bytes, found 104857600"),
    ("smaller pickle bomb", "bytes to unpack, 8 times the archive's size in all, found 10485760"),
    (
      "system 2",
      "data.pkl, byte 13: expected tensors only, found posix.system; loading it in Python would run"
    ),
    ("system 4", "expected tensors only, found posix.system; loading it in Python would run a program"),
    ("truncated", "expected a whole zip archive, found \""),
    ("empty", "a zip archive with one entry NAME/data.pkl, found no entries"),
    ("damaged", "\"net/data/0\": expected 256 bytes with the right checksum, found "),
    ("encrypted", "expected entries that are not encrypted, found \"net/data/0\", which is"),
  ]

  @Test func onlyWholeAndHonestArchivesAreRead() throws {
    try withTemporaryDirectory { directory in
      _ = try Python.run(Self.script, [directory])
      let expected = [NamedTensor("w", [64], .floats((0..<64).map(Float.init)))]
      for name in ["good", "stored", "deflated", "reordered", "no byteorder"] {
        let path = "\(directory)/\(name)"
        #expect(try PyTorchFile(path: path).tensors == expected, "\(name)")
        #expect(try FileKind(of: readStart(of: path, FileKind.bytesNeeded))?.isPyTorch == true, "\(name)")
      }
      let start = threadSeconds()
      for (name, expected) in Self.refusals { expectRefusal("\(directory)/\(name)", expected) }
      #expect(threadSeconds() - start < 4)
      try everyTruncationIsSeen(readFile("\(directory)/good"))
      try damageDoesNoHarm(readFile("\(directory)/deflated"))
    }
  }

  private func expectRefusal(_ path: String, _ expected: String) {
    let error = #expect(throws: FileError.self, "\(path)") { try PyTorchFile(path: path) }
    let message = error?.description ?? ""
    #expect(message.hasPrefix(path) && message.contains(expected), "\(message)")
    #expect(!message.contains { $0.isNewline }, "\(message)")
  }

  private func everyTruncationIsSeen(_ file: [UInt8]) {
    for length in 0..<file.count {
      #expect(throws: FileError.self, "\(length) of \(file.count) bytes") {
        try PyTorchFile(bytes: Array(file[..<length]), path: "f")
      }
    }
  }

  private func damageDoesNoHarm(_ file: [UInt8]) {
    var random = RandomStream(seed: 1, purpose: .initialization)
    var refused = 0
    for _ in 0..<5000 {
      var bytes = file
      for _ in 0...random.integer(below: 3) {
        bytes[random.integer(below: bytes.count)] ^= 1 << UInt8(random.integer(below: 8))
      }
      do { _ = try PyTorchFile(bytes: bytes, path: "f") } catch { refused += 1 }
    }
    #expect(refused > 1000)
  }
}
