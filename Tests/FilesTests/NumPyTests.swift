import Files
import Foundation
import TestSupport
import Testing

/// NumPy's files, against NumPy.
@Suite(.enabled(if: isCI || Python.isThere, Comment(rawValue: Python.hint)))
struct NumPyTests {
  /// Calls `body` with a directory in which a script has made files: it has `np` and `path(NAME)`.
  private func withNumPy(_ script: String, _ body: (String) throws -> Void) throws {
    try withTemporaryDirectory { directory in
      _ = try Python.run(
        "import sys, io, struct, zipfile, numpy as np\ndef path(name): return sys.argv[1] + '/' + name\n"
          + script,
        [directory])
      try body(directory)
    }
  }

  private func read(_ path: String) throws -> NumPyArray {
    try readNPY([UInt8](Data(contentsOf: URL(fileURLWithPath: path))), place: "f.npy")
  }

  /// All integer types, of both byte orders, in both orders of the numbers, without copies of what lies apart.
  @Test func readsIntegersOfAllTypes() throws {
    let script = """
      for type in ("?", "i1", "u1", "<i2", ">i2", "<u2", ">u2", "<i4", ">i4", "<u4", ">u4", "<i8", ">i8", "<u8", ">u8"):
          low = 0 if type[-2:] in ("?", "u1") or "u" in type else -1
          a = np.array([[low, 2, 3], [100, 5, 1]]).astype(type)
          for order in "CF":
              np.save(path(f"{type.replace('<', 'l').replace('>', 'b').replace('?', 'o')}-{order}.npy"), np.asarray(a, order=order))
      """
    try withNumPy(script) { directory in
      let files = try FileManager.default.contentsOfDirectory(atPath: directory)
      #expect(files.count == 30)
      for file in files {
        let array = try read("\(directory)/\(file)")
        let expected =
          if file.hasPrefix("o") { [0, 1, 1, 1, 1, 1] } else {
            [file.contains("u") ? 0 : -1, 2, 3, 100, 5, 1]
          }
        #expect(array.shape == [2, 3] && array.integers == expected, "\(file): \(array.integers ?? [])")
        #expect(array.isFortran == file.hasSuffix("F.npy"))
        #expect(array.type.isBigEndian == file.hasPrefix("b"))
      }
    }
  }

  @Test func readsShapesOfAllKinds() throws {
    let script = """
      np.save(path("none.npy"), np.uint8(7))
      np.save(path("empty.npy"), np.zeros((0, 5), "u1"))
      np.save(path("deep.npy"), np.arange(24, dtype="u1").reshape(2, 3, 4, order="F"))
      np.save(path("rows.npy"), np.asfortranarray(np.arange(24, dtype="u1").reshape(2, 3, 4)))
      np.save(path("large.npy"), np.array([2**63, 1], "u8"))
      np.save(path("float.npy"), np.zeros(3, "f4"))
      np.lib.format.write_array(open(path("two.npy"), "wb"), np.arange(3), version=(2, 0))
      np.lib.format.write_array(open(path("three.npy"), "wb"), np.arange(3), version=(3, 0))
      """
    try withNumPy(script) { directory in
      func shape(_ name: String) throws -> [Int] { try read("\(directory)/\(name).npy").shape }
      #expect(try shape("none") == [] && read("\(directory)/none.npy").integers == [7])
      #expect(try shape("empty") == [0, 5] && read("\(directory)/empty.npy").integers == [])
      #expect(try read("\(directory)/large.npy").integers == nil)
      #expect(try read("\(directory)/float.npy").integers == nil)
      for name in ["two", "three"] { #expect(try read("\(directory)/\(name).npy").integers == [0, 1, 2]) }
      var bytes: [UInt8] = []
      try read("\(directory)/rows.npy").append(to: &bytes)
      #expect(bytes == Array(0..<24))
      bytes = []
      try read("\(directory)/deep.npy").append(to: &bytes)
      #expect(bytes.prefix(6) == [0, 6, 12, 18, 2, 8])
    }
  }

  /// Stored and deflated members, with 64-bit sizes or without, in the order of the file.
  @Test func readsArchives() throws {
    let script = """
      a = {"z": np.arange(300, dtype="u1").reshape(3, 100), "labels": np.arange(3)}
      np.savez(path("stored.npz"), **a)
      np.savez_compressed(path("deflated.npz"), **a)
      for name, wide in (("wide", True), ("narrow", False)):
          with zipfile.ZipFile(path(name + ".npz"), "w") as file:
              for key, value in a.items():
                  with file.open(key + ".npy", "w", force_zip64=wide) as entry: np.save(entry, value)
              file.writestr("notes.txt", "no array")
      """
    try withNumPy(script) { directory in
      for name in ["stored", "deflated", "wide", "narrow"] {
        var file = try NPZFile(path: "\(directory)/\(name).npz")
        #expect(file.names == ["z", "labels"])
        let array = try file.array("z")
        #expect(array.shape == [3, 100] && array.integers == (0..<300).map { $0 % 256 }, "\(name)")
        #expect(try file.array("labels").integers == [0, 1, 2])
      }
    }
  }

  private func expectError(_ expected: String, _ read: () throws -> Void) {
    let error = #expect(throws: FileError.self) { try read() }
    #expect(error?.description.contains(expected) == true, "\(error?.description ?? "")")
  }

  /// A header is a dictionary of three entries and nothing else, and tells as many bytes as there are.
  @Test func refusesBadHeaders() throws {
    func file(_ header: String, _ count: Int = 6, version: [UInt8] = [1, 0], length: Int? = nil) -> [UInt8] {
      let length = length ?? header.utf8.count
      let size = (0..<(version[0] == 1 ? 2 : 4)).map { UInt8(truncatingIfNeeded: length >> (8 * $0)) }
      return [0x93] + Array("NUMPY".utf8) + version + size + Array(header.utf8)
        + [UInt8](repeating: 1, count: count)
    }
    let good = "{'descr': '|u1', 'fortran_order': False, 'shape': (2, 3), }  \n"
    #expect(try readNPY(file(good), place: "f").shape == [2, 3])
    #expect(
      try readNPY(file(good.replacing("'", with: "\"").replacing("3", with: "3L")), place: "f").shape == [
        2, 3,
      ])
    for (old, new) in [
      ("{", ""), ("}", ""), ("}", "} x"), ("False", "0"), ("'shape': (2, 3)", "'shape': 6"),
      ("(2, 3)", "(6)"),
      ("(2, 3)", "(2, -3)"), ("(2, 3)", "(2, 3"), ("(2, 3)", "(2 3)"),
      ("(2, 3)", "(2, 99999999999999999999)"),
      ("'descr'", "'d'"), ("'shape': (2, 3), ", ""), ("'shape'", "'descr': '|u1', 'shape'"), ("'|u1'", "u1"),
      ("(2, 3), }", "(2, 3), 'more': 1}"), ("'|u1'", "__import__('os')"),
    ] {
      expectError("f: expected a header of 'descr', 'fortran_order' and 'shape', found \"") {
        _ = try readNPY(file(good.replacing(old, with: new)), place: "f")
      }
    }
    for (text, count, expected) in [
      (good, 5, "expected 2 x 3 numbers of 1 bytes, as its header says, found 5 bytes"),
      (good, 7, "found 7 bytes"),
      (good.replacing("(2, 3)", with: "(4611686018427387904, 4611686018427387904)"), 0, "found 0 bytes"),
      (good.replacing("(2, 3)", with: "()"), 6, "expected 1 numbers of 1 bytes"),
      (good.replacing("|u1", with: "<u9999999999"), 6, "expected a type of numbers such as '|u1'"),
      (good.replacing("|u1", with: "|u1x"), 6, "expected a type of numbers"),
      (
        good.replacing("'|u1'", with: "[('a', '<i4'), ('b', '<f4')]"), 6,
        "expected plain numbers, found records"
      ),
      (good.replacing("|u1", with: "|O"), 6, "found one of Python objects, whose loading may run a program"),
    ] {
      expectError(expected) { _ = try readNPY(file(text, count), place: "f") }
    }
    // Where one size is 0 the others may be anything.
    #expect(
      try readNPY(
        file(good.replacing("(2, 3)", with: "(0, 4611686018427387904, 4611686018427387904)"), 0), place: "f"
      ).integers == [])
    expectError("expected NumPy's format 1.0 to 3.0, found 4.0") {
      _ = try readNPY(file(good, version: [4, 0]), place: "f")
    }
    expectError("expected a header of at most 65536 bytes, found 4294967295") {
      _ = try readNPY(file(good, 1 << 17, version: [2, 0], length: 0xFFFF_FFFF), place: "f")
    }
    for count in 0..<file(good).count {
      #expect(throws: FileError.self) { try readNPY(Array(file(good).prefix(count)), place: "f") }
    }
  }

  /// Whatever is wrong with an archive is found, before memory is taken for what is not there.
  @Test func refusesBadArchives() throws {
    let script = """
      np.savez(path("good.npz"), a=np.arange(1000, dtype="u1"))
      good = open(path("good.npz"), "rb").read()
      def changed(name, place, new): open(path(name), "wb").write(good[:place] + new + good[place + len(new):])
      index = good.index(b"PK\\1\\2")
      changed("size.npz", index + 24, struct.pack("<I", 0x7fffffff))
      changed("packed.npz", index + 20, struct.pack("<II", 0x7fffffff, 0x7fffffff))
      changed("sum.npz", good.index(bytes(range(10))), b"\\xff")
      changed("method.npz", index + 10, b"\\x0c")
      open(path("short.npz"), "wb").write(good[:-30])
      np.savez(path("objects.npz"), a=np.array([{}, []], dtype=object))
      with zipfile.ZipFile(path("lies.npz"), "w", zipfile.ZIP_DEFLATED) as file:
          header = io.BytesIO(); np.lib.format.write_array_header_1_0(header, dict(descr="|u1", fortran_order=False, shape=(10**12,)))
          file.writestr("a.npy", header.getvalue() + bytes(100))
      with zipfile.ZipFile(path("text.npz"), "w") as file: file.writestr("a.npy", "hello")
      """
    try withNumPy(script) { directory in
      for (name, expected) in [
        ("size", "bytes can hold, found 2147483647; the file is truncated or damaged"),
        ("packed", "bytes can hold, found 2147483647"),
        ("sum", "expected 1128 bytes with the right checksum"),
        ("method", "by compression method 12"),
        ("short", "expected a whole zip archive"),
        ("objects", "\"a\": expected an array of numbers, found one of Python objects"),
        ("lies", "\"a\": expected 1000000000000 numbers of 1 bytes, as its header says, found 100 bytes"),
        ("text", "\"a\": expected an array of NumPy's, found 5 bytes of something else"),
      ] {
        expectError(expected) {
          var file = try NPZFile(path: "\(directory)/\(name).npz")
          _ = try file.array("a")
        }
      }
      expectError("good.npz: expected an entry \"b.npy\", found none") {
        var file = try NPZFile(path: "\(directory)/good.npz")
        _ = try file.array("b")
      }
      #expect(mkfifo("\(directory)/pipe.npz", 0o600) == 0)
      expectError("pipe.npz: expected a readable file, found a named pipe") {
        _ = try NPZFile(path: "\(directory)/pipe.npz")
      }
    }
  }
}
