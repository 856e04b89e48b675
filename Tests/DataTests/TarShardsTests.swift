import Data
import Files
import Foundation
import Tensors
import TestSupport
import Testing

@Suite struct TarShardsTests {
  /// A header, which is right but for what is changed in it before its checksum is made.
  private static func header(
    _ name: String, _ size: Int, type: Character = "0", change: (inout [UInt8]) -> Void = { _ in }
  ) -> [UInt8] {
    var block = [UInt8](repeating: 0, count: 512)
    func put(_ text: String, at place: Int) {
      block.replaceSubrange(place..<place + text.utf8.count, with: Array(text.utf8))
    }
    func octal(_ number: Int, _ digits: Int) -> String {
      let text = String(number, radix: 8)
      return String(repeating: "0", count: digits - text.count) + text
    }
    put(name, at: 0)
    put(octal(size, 11), at: 124)
    put(String(type), at: 156)
    put("ustar\0" + "00", at: 257)
    change(&block)
    put("        ", at: 148)
    put(octal(block.reduce(0) { $0 + Int($1) }, 6) + "\0 ", at: 148)
    return block
  }

  private static func entry(_ name: String, _ bytes: [UInt8], type: Character = "0") -> [UInt8] {
    header(name, bytes.count, type: type) + bytes
      + [UInt8](repeating: 0, count: (512 - bytes.count % 512) % 512)
  }

  /// An archive of entries in the order of their writing.
  private static func archive(_ entries: [(String, String)]) -> [UInt8] {
    entries.flatMap { entry($0.0, Array($0.1.utf8)) } + end
  }

  private static let end = [UInt8](repeating: 0, count: 1024)

  /// Numbers, names in text or JSON, entries in any order, with others among them.
  @Test func entriesBelongTogetherByTheirNames() throws {
    let shard = Self.archive([
      ("./x/1.jpg", "one"), ("./x/1.cls", "3\n"), ("x/2.seg.png", "no image"),
      ("x/2.json", "{\"label\": 0, \"a\": []}"),
      ("x/2.PNG", "two"), ("x/2.txt", "a text"), ("README", "none"), ("y/1.cls", " 7 "),
      ("y/1.jpeg", "three"),
      ("._y.jpg", "hidden"), ("4.v2.jpg", "other ending"), ("5.json", "{\"cls\": \"9\"}"), ("5.cls", "1"),
      ("5.jpg", "five"),
    ])
    try withFiles(["a.tar": shard]) { path throws in
      for path in [path, "\(path)/a.tar"] {
        let train = try #require(try loadData(path) as? EncodedImages)
        #expect(train.labels == [3, 0, 7, 1] && train.classes == 8 && train.classNames == nil)
        let bytes = try train.sources.map {
          String(decoding: try readPart(of: $0.path.text, $0.range!), as: UTF8.self)
        }
        #expect(bytes == ["one", "two", "three", "five"])
        #expect(train.sources[1].name.hasSuffix("/a.tar/x/2.PNG"), "\(train.sources[1].name)")
        #expect(try loadData(path, .test) == nil)
      }
    }
  }

  @Test func namesAreSortedOrListed() throws {
    let train = Self.archive([
      ("a.jpg", ""), ("a.cls", "dog"), ("b.jpg", ""), ("b.json", "{\"class\": \"cat\"}"),
    ])
    let test = Self.archive([("c.jpg", ""), ("c.cls", "dog")])
    try withFiles(["train-0.tar": train, "val-0.tar": test]) { path throws in
      #expect(try loadData(path)?.classNames == ["cat", "dog"] && loadData(path)?.labels == [1, 0])
      #expect(try loadData(path, .test)?.labels == [1])
      try writeAtomically(Array("dog\nemu\ncat\n".utf8), to: "\(path)/classes.txt")
      #expect(try loadData(path)?.classNames == ["dog", "emu", "cat"] && loadData(path)?.labels == [0, 2])
    }
    let numbers = Self.archive([("a.jpg", ""), ("a.cls", "1"), ("b.jpg", ""), ("b.cls", "0")])
    try withFiles(["a.tar": numbers, "classes.txt": Array("x\ny\nz".utf8)]) { path throws in
      let images = try #require(try loadData(path))
      #expect(images.classNames == ["x", "y", "z"] && images.classes == 3 && images.labels == [1, 0])
    }
  }

  /// Shards follow each other in the order of their numbers; folders or names tell the parts.
  @Test func shardsAreOneSet() throws {
    func shard(_ label: Int) -> [UInt8] {
      Self.archive([("\(label).png", ""), ("\(label).cls", "\(label)")])
    }
    for (train, test) in [("train-", "test-"), ("train/", "val/"), ("x", "test")] {
      var files: [String: [UInt8]] = ["\(test)0.tar": shard(5)]
      for number in 0..<12 { files["\(train)\(number).tar"] = shard(number) }
      try withFiles(files) { path throws in
        #expect(try loadData(path)?.labels == Array(0..<12), "\(train)")
        #expect(try loadData(path, .test)?.labels == [5])
      }
    }
  }

  /// The same data in another directory have the same fingerprint, others have another one.
  @Test func theFingerprintKnowsThePlaces() throws {
    let one = Self.archive([("a.png", "1"), ("a.cls", "1"), ("b.png", "1"), ("b.cls", "0")])
    let other = Self.archive([("a.cls", "1"), ("a.png", "1"), ("b.png", "1"), ("b.cls", "0")])
    var prints: [String] = []
    for bytes in [one, one, other] {
      try withFiles(["a.tar": bytes]) { path throws in
        prints.append(try #require(try loadData(path)).fingerprint)
      }
    }
    #expect(prints[0] == prints[1] && prints[0] != prints[2])
  }

  /// Every form of tar, and Python's, has the same entries.
  @Test(.enabled(if: isCI || Python.isThere, Comment(rawValue: Python.hint)))
  func readsWhatProgramsWrite() throws {
    try withTemporaryDirectory { path throws in
      let deep = String(repeating: "deep/", count: 30)
      let script = """
        import sys, os, io, tarfile, subprocess
        root = sys.argv[1] + "/files/"
        names = ["short", "\(deep)" + "n" * 90, "ünï", "x" * 99, "\(deep)" + "m" * 120]
        for i, name in enumerate(names):
            os.makedirs(os.path.dirname(root + name), exist_ok=True)
            open(root + name + ".png", "w").write(f"image {i}" * 100)
            open(root + name + ".cls", "w").write(f"{i}")
        for form in ("gnu", "oldgnu", "pax", "posix"):
            subprocess.run(["tar", f"--format={form}", "-cf", f"{sys.argv[1]}/{form}.tar", "-C", root, "."], check=True)
        for form in (tarfile.GNU_FORMAT, tarfile.PAX_FORMAT):
            with tarfile.open(f"{sys.argv[1]}/python{form}.tar", "w", format=form) as file: file.add(root, ".")
        for form in ("ustar", "v7"):
            os.makedirs(f"{sys.argv[1]}/{form}-files", exist_ok=True)
            subprocess.run(["tar", f"--format={form}", "-cf", f"{sys.argv[1]}/{form}.tar", "-C", root, "short.png", "short.cls", "ünï.png", "ünï.cls"], check=True)
        # Sizes in an extended header, and in bytes.
        with tarfile.open(f"{sys.argv[1]}/sizes.tar", "w", format=tarfile.PAX_FORMAT) as file:
            for name, data in (("short.png", b"image 0" * 100), ("short.cls", b"0"), ("a.png", b"image 1" * 100), ("a.cls", b"1")):
                info = tarfile.TarInfo(name); info.size = len(data); info.pax_headers = {"size": str(len(data)), "comment": "x\\ny=z"}
                file.addfile(info, io.BytesIO(data))
        """
      _ = try Python.run(script, [path])
      for form in ["gnu", "oldgnu", "pax", "posix", "python1", "python2", "ustar", "v7", "sizes"] {
        let images = try #require(try loadData("\(path)/\(form).tar") as? EncodedImages)
        let isWhole = !["ustar", "v7", "sizes"].contains(form)
        #expect(images.count == (isWhole ? 5 : 2), "\(form)")
        #expect(
          Set(images.labels) == (isWhole ? [0, 1, 2, 3, 4] : form == "sizes" ? [0, 1] : [0, 2]), "\(form)")
        for (source, label) in zip(images.sources, images.labels) {
          let text = String(decoding: try readPart(of: source.path.text, source.range!), as: UTF8.self)
          #expect(text == String(repeating: "image \(label)", count: 100), "\(form)")
        }
      }
    }
  }

  /// Sizes of more than 8 GiB are bytes behind one of 128.
  @Test func readsLargeSizes() throws {
    let big = Self.header("big.bin", 0) {
      $0.replaceSubrange(124..<136, with: [0x80, 0, 0, 0, 0, 0, 0, 0, 0, 0, 4, 0])
    }
    let bytes = big + [UInt8](repeating: 7, count: 1024) + Self.archive([("a.jpg", ""), ("a.cls", "1")])
    try withFiles(["a.tar": bytes]) { path throws in #expect(try loadData(path)?.labels == [1]) }
    let far = Self.header("far.bin", 0) {
      $0.replaceSubrange(124..<136, with: [0x80] + [UInt8](repeating: 255, count: 11))
    }
    try withFiles(["a.tar": far]) { path throws in
      expectDataError(path, "expected a size of \"far.bin\", found no number")
    }
  }

  @Test func saysWhatIsWrong() throws {
    func expectError(_ bytes: [UInt8], _ expected: String, name: String = "a.tar") throws {
      try withFiles([name: bytes]) { path throws in expectDataError(path, expected) }
    }
    func entries(_ entries: (String, String)...) -> [UInt8] { Self.archive(entries) }
    let good = entries(("a.jpg", "12345"), ("a.cls", "1"))
    try expectError(
      Array(good.prefix(514)),
      "a.tar: expected 5 bytes of \"a.jpg\" from byte 512 on, found 2; the file is truncated")
    for count in [1024, 1500, 2048, 2500] {
      try expectError(Array(good.prefix(count)), "expected a block of zeros at the end, behind \"a.")
    }
    var damaged = good
    damaged[1024] ^= 1
    try expectError(
      damaged, "byte 1024: expected a header with the right checksum behind \"a.jpg\", found another")
    damaged = good
    damaged[0] ^= 1
    try expectError(damaged, "a.tar: expected a tar archive, found ")
    try expectError([], "expected a tar archive, found an empty file")
    try expectError(
      good + good, "expected only zeros behind the end of the archive at byte 2048, found more at byte 3072")
    try expectError(
      [0x1F, 0x8B] + [UInt8](repeating: 0, count: 600),
      "expected a tar archive, found gzip data; unpack it first")
    try expectError(
      [0x1F, 0x8B], "expected tar archives that are not compressed, found a compressed one; unpack",
      name: "a.tar.gz")
    try expectError(
      entries(("a.jpg", ""), ("b.jpg", ""), ("b.cls", "1")),
      "a.tar, a: expected an image and a class, such as .jpg and .cls, found no class")
    try expectError(
      entries(("a.cls", "")), "a.tar, a: expected an image and a class, such as .jpg and .cls, found no image"
    )
    try expectError(entries(("a.jpg", ""), ("a.png", "")), "expected one image of a, found a.png, too")
    try expectError(
      entries(("a.jpg", ""), ("a.cls", "1"), ("a.cls", "2")), "expected one class of a, found a.cls, too")
    try expectError(
      entries(("a.txt", "")), "expected images with classes, such as 0001.jpg and 0001.cls, found none in")
    try expectError(entries(("a.jpg", ""), ("a.cls", "")), "expected a class in one line, found 0 lines")
    try expectError(entries(("a.jpg", ""), ("a.json", "{")), "a.json, line 1, column 2: expected ")
    try expectError(
      entries(("a.jpg", ""), ("a.json", "{}")),
      "a.json: expected \"label\", \"class\" or \"cls\", found none of them")
    try expectError(
      Self.header("b.jpg", 0, type: "2") + good, "expected files, found \"b.jpg\", a link; tar --dereference")
    try expectError(Self.header("b.jpg", 0, type: "S") + good, "found \"b.jpg\", which is sparse")
    try expectError(
      Self.entry("p", Array("99 path=b\n".utf8), type: "x") + good,
      "byte 512: expected records such as \"11 path=abc\"")
    try expectError(
      Self.entry("p", Array("10 size=x\n".utf8), type: "x") + good,
      "expected a size of at least 0, found \"x\"")
    try expectError(
      Self.header("l", 2 << 20, type: "L") + [UInt8](repeating: 65, count: 2 << 20) + good,
      "expected a long name of at most 1048576 bytes, found 2097152")
    try expectError(
      Self.header("l", 1 << 32, type: "L") + good, "expected 4294967296 bytes of \"l\" from byte 512 on")
  }

  @Test(.timeLimit(.minutes(1)))
  func nothingWaitsForPipes() throws {
    try withFiles([:]) { path throws in
      #expect(mkfifo("\(path)/a.tar", 0o600) == 0)
      expectDataError(path, "a.tar: expected a tar archive, found a named pipe")
    }
  }
}
