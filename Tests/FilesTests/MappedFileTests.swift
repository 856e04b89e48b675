import Files
import Foundation
import TestSupport
import Testing

@Suite struct MappedFileTests {
  private func withFile(_ bytes: [UInt8], _ body: (String) throws -> Void) throws {
    try withTemporaryDirectory { directory throws in
      try writeAtomically(bytes, to: "\(directory)/file")
      try body("\(directory)/file")
    }
  }

  @Test func bytesAreCopiedFromAnyPlace() throws {
    let bytes = (0..<10_000).map { UInt8(truncatingIfNeeded: $0 * 7) }
    try withFile(bytes) { path throws in
      let file = try MappedFile(path)
      #expect(file.count == bytes.count)
      for (place, count) in [(0, 0), (0, 10_000), (4095, 2), (9999, 1), (10_000, 0)] {
        var copy = [UInt8](repeating: 0, count: count)
        var target = copy.mutableSpan
        file.copy(from: place, to: &target)
        #expect(copy == Array(bytes[place..<place + count]), "\(count) at \(place)")
      }
    }
  }

  /// The last part is what is left, and parts follow each other without a gap.
  @Test(arguments: [(0, 4), (1, 4), (4, 4), (9, 4), (8, 16)]) func partsAreTheWholeFile(
    _ size: Int, _ part: Int
  )
    throws
  {
    let bytes = (0..<size).map { UInt8($0) }
    try withFile(bytes) { path throws in
      var parts: [[UInt8]] = []
      try MappedFile(path).forEachPart(of: part) { parts.append(Array($0)) }
      #expect(parts.flatMap(\.self) == bytes)
      #expect(parts.dropLast().allSatisfy { $0.count == part } && parts.allSatisfy { !$0.isEmpty })
    }
  }

  /// A file stays what it was while it is mapped, also when another one takes its name.
  @Test func aReplacedFileIsStillThere() throws {
    try withFile([1, 2, 3]) { path throws in
      let file = try MappedFile(path)
      try writeAtomically([4, 5, 6, 7], to: path)
      var copy: [UInt8] = [0, 0, 0]
      var target = copy.mutableSpan
      file.copy(from: 0, to: &target)
      #expect(file.count == 3 && copy == [1, 2, 3])
    }
  }

  @Test(.timeLimit(.minutes(1))) func whatIsNoFileIsNamed() throws {
    try withTemporaryDirectory { directory throws in
      let pipe = "\(directory)/pipe"
      #expect(mkfifo(pipe, 0o600) == 0)
      for (path, found) in [
        (directory, "found \"Is a directory\""), ("\(directory)/none", "found \"No such file or directory\""),
        (pipe, "found a named pipe; what comes out of it has to be in a file"),
        ("/dev/zero", "found a device;"),
      ] {
        let error = #expect(throws: FileError.self) { _ = try MappedFile(path, as: "a pack") }
        let message = error?.description ?? ""
        #expect(message.hasPrefix("\(path): expected a pack, ") && message.contains(found), "\(message)")
      }
    }
  }
}
