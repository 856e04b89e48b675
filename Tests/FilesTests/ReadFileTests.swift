import Files
import Foundation
import TestSupport
import Testing

@Suite struct ReadFileTests {
  private func problem(_ path: String) -> String {
    do {
      _ = try readFile(path, as: "a text")
      return ""
    } catch {
      return error.description
    }
  }

  /// What is no regular file is refused at once, also where opening it would wait for ever.
  @Test(.timeLimit(.minutes(1)))
  func onlyRegularFilesAreRead() throws {
    try withTemporaryDirectory { directory in
      let (pipe, file, link) = ("\(directory)/pipe", "\(directory)/file", "\(directory)/link")
      #expect(mkfifo(pipe, 0o600) == 0)
      try Data([1, 2, 3]).write(to: URL(fileURLWithPath: file))
      try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: file)
      let hint = "what comes out of it has to be in a file"
      #expect(problem(pipe) == "\(pipe): expected a text, found a named pipe; \(hint)")
      #expect(problem("/dev/zero") == "/dev/zero: expected a text, found a device; \(hint)")
      #expect(problem(directory) == "\(directory): expected a text, found \"Is a directory\"")
      let missing = "\(directory)/missing"
      #expect(problem(missing) == "\(missing): expected a text, found \"No such file or directory\"")
      #expect(try readFile(link) == [1, 2, 3] && readStart(of: file, 2) == [1, 2])
      #expect(try readStart(of: file, 9) == [1, 2, 3])
      #expect(throws: FileError.self) { try readStart(of: pipe, 1) }
      for (path, expected) in [
        (pipe, [true, false, false]), (file, [true, true, false]), (link, [true, true, false]),
        (directory, [true, false, true]), ("\(directory)/nothing", [false, false, false]),
      ] {
        #expect([exists(path), isRegularFile(path), isDirectory(path)] == expected, "\(path)")
      }
    }
  }

  /// The kernel says 4,096 bytes of such a file, which has fewer: like one that shrinks while it is read.
  @Test(.enabled(if: exists(shorter), "no \(shorter)"))
  func filesThatEndEarlyAreRefused() {
    let text = problem(shorter)
    #expect(
      text.hasPrefix("\(shorter): expected 4096 bytes, the file's size when it was opened, found only "))
  }
}

private let shorter = "/sys/devices/system/cpu/possible"
