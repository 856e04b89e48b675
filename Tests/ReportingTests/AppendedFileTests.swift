import Files
import Foundation
import Reporting
import TestSupport
import Testing

@Suite struct AppendedFileTests {
  @Test func piecesAreAddedAtTheEnd() throws {
    try withTemporaryDirectory { directory in
      for pieces in [[[1, 2], []], [[3]]] as [[[UInt8]]] {
        let file = try AppendedFile("\(directory)/file")
        for piece in pieces { try file.append(piece) }
      }
      #expect(try readFile("\(directory)/file") == [1, 2, 3])
    }
  }

  /// It might lead to a file of somebody else's choice.
  @Test func linksAreNotFollowed() throws {
    try withTemporaryDirectory { directory in
      for victim in ["\(directory)/there", "\(directory)/missing"] {
        let link = victim + ".link"
        if victim.hasSuffix("there") { try writeAtomically([7], to: victim) }
        try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: victim)
        let error = #expect(throws: OutputError.self) { try AppendedFile(link).append([1]) }
        #expect(error?.description.contains(".link: expected to write the file, found") == true)
      }
      #expect(try readFile("\(directory)/there") == [7])
      #expect(!FileManager.default.fileExists(atPath: "\(directory)/missing"))
    }
  }
}
