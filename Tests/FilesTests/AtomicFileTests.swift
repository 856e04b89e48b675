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

  /// Somebody who may write into the directory can guess the temporary's first name.
  @Test(arguments: [true, false]) func plantedLinksAreNotFollowed(leadsToAFile: Bool) throws {
    try withTemporaryDirectory { directory in
      let (path, victim) = ("\(directory)/file", "\(directory)/victim")
      let temporary = "\(path).\(getpid()).tmp"
      if leadsToAFile { try writeAtomically([7, 8, 9], to: victim) }
      try FileManager.default.createSymbolicLink(atPath: temporary, withDestinationPath: victim)
      try writeAtomically([1, 2], to: path)
      #expect(try readFile(path) == [1, 2])
      #expect(try FileManager.default.destinationOfSymbolicLink(atPath: temporary) == victim)
      #expect(FileManager.default.fileExists(atPath: victim) == leadsToAFile)
      if leadsToAFile { #expect(try readFile(victim) == [7, 8, 9]) }
      // Nor is a link in the place of the file itself: it is replaced.
      try FileManager.default.removeItem(atPath: temporary)
      try FileManager.default.removeItem(atPath: path)
      try FileManager.default.createSymbolicLink(atPath: path, withDestinationPath: victim)
      try writeAtomically([3], to: path)
      #expect(try readFile(path) == [3] && names(in: directory).count == (leadsToAFile ? 2 : 1))
    }
  }

  /// A killed program of the same number left its temporary, as after a restart of a container.
  @Test func leftTemporariesDoNotHinder() throws {
    try withTemporaryDirectory { directory in
      let left = "file.\(getpid()).tmp"
      try writeAtomically([1, 2, 3], to: "\(directory)/\(left)")
      for round in 0..<2 { try writeAtomically([UInt8(round)], to: "\(directory)/file") }
      #expect(try readFile("\(directory)/file") == [1])
      #expect(try readFile("\(directory)/\(left)") == [1, 2, 3])
      // One under another name, which is abandoned while the program lives.
      var file = try AtomicFile(path: "\(directory)/file")
      try file.append([4].span.bytes)
      #expect(try names(in: directory).count == 3)
      removeTemporaries(in: directory)
      #expect(try names(in: directory) == ["file"])
    }
  }

  @Test func whatCannotBeWrittenIsSaid() throws {
    try withMissingPath { path in
      let error = #expect(throws: OutputError.self) { try writeAtomically([1], to: "\(path)/file") }
      #expect(
        error?.description == "\(path)/file: expected to write the file, found \"No such file or directory\"")
    }
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
