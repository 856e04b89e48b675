import Files
import Foundation
import TestSupport
import Testing

@Suite struct AtomicFileTests {
  private func names(in directory: String) throws -> [String] {
    try FileManager.default.contentsOfDirectory(atPath: directory)
  }

  @Test func filesAreReplacedWhole() throws {
    try withTemporaryDirectory { directory in
      let path = "\(directory)/file"
      try writeAtomically(Array("old".utf8), to: path)
      try writeAtomically(Array("new text".utf8), to: path)
      #expect(try String(contentsOfFile: path, encoding: .utf8) == "new text")
      #expect(try names(in: directory) == ["file"])
    }
  }

  @Test func piecesBecomeOneFile() throws {
    try withTemporaryDirectory { directory in
      let path = "\(directory)/file"
      try writeAtomically([1], to: path)
      var file = try AtomicFile(path: path)
      for piece in [[2, 3], [], [4]] as [[UInt8]] { try file.append(piece.span.bytes) }
      #expect(try readFile(path) == [1], "nothing changes before the commit")
      try file.commit()
      #expect(try readFile(path) == [2, 3, 4])
      #expect(try names(in: directory) == ["file"])
    }
  }

  @Test func whatIsNotCommittedLeavesNothing() throws {
    try withTemporaryDirectory { directory in
      func abandon() throws {
        var file = try AtomicFile(path: "\(directory)/file")
        try file.append([1, 2, 3].span.bytes)
        #expect(try names(in: directory).count == 1)
      }
      try abandon()
      #expect(try names(in: directory).isEmpty)
    }
  }

  @Test func whatCannotBeWrittenIsSaid() throws {
    let error = #expect(throws: OutputError.self) { try writeAtomically([1], to: "/nowhere/file") }
    #expect(
      error?.description == "/nowhere/file: expected to write the file, found \"No such file or directory\"")
    let full = #expect(throws: OutputError.self) { try writeAtomically([1], to: "/dev/full/x") }
    #expect(full?.description.contains("Not a directory") == true)
    try withTemporaryDirectory { directory in
      try FileManager.default.createDirectory(
        atPath: "\(directory)/taken", withIntermediateDirectories: false)
      let error = #expect(throws: OutputError.self) { try writeAtomically([1], to: "\(directory)/taken") }
      #expect(error?.description.contains("expected to put the file in place") == true)
      #expect(try names(in: directory) == ["taken"], "the temporary is gone")
    }
  }
}
