import Files
import Foundation
import TestSupport
import Testing

@Suite struct FileTreeTests {
  private func write(_ path: String) throws {
    try writeAtomically([1], to: path)
  }

  /// Links to directories are followed, circles end, and what several ways lead to is there once.
  @Test(.timeLimit(.minutes(1)))
  func linksAreFollowed() throws {
    try withTemporaryDirectory { directory in
      let (tree, elsewhere) = ("\(directory)/tree", "\(directory)/elsewhere")
      for path in ["\(tree)/b", "\(elsewhere)/cats"] {
        try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
      }
      for path in ["\(tree)/b/x", "\(tree)/a", "\(tree)/no", "\(elsewhere)/cats/y"] { try write(path) }
      func link(_ name: String, to target: String) throws {
        try FileManager.default.createSymbolicLink(atPath: "\(tree)/\(name)", withDestinationPath: target)
      }
      try link("cats", to: "\(elsewhere)/cats")
      try link("more cats", to: "\(elsewhere)/cats")
      try link("b/circle", to: "..")
      try link("self", to: "self")
      try link("z", to: "a")
      for root in [tree, "\(directory)/link", "\(tree)/"] {
        if root.hasSuffix("link") {
          try FileManager.default.createSymbolicLink(atPath: root, withDestinationPath: tree)
        }
        let found = FileTree(Path(root)) { !$0.text.hasSuffix("no") && !$0.text.hasSuffix("self") }
        let prefix = root.hasSuffix("/") ? root : root + "/"
        #expect(found.files.map(\.text) == ["a", "b/x", "cats/y", "z"].map { prefix + $0 })
        #expect(found.errors.isEmpty)
      }
    }
  }

  /// A name of any bytes is found and can be read.
  @Test func namesNeedNotBeUTF8() throws {
    try withTemporaryDirectory { directory in
      let name = Path(bytes: Array("caf".utf8) + [0xE9])
      #expect(mkdir((Path(directory) / name).cString, 0o700) == 0)
      try write((Path(directory) / name / name).text)
      let found = FileTree(Path(directory)) { _ in true }
      #expect(found.files == [Path(directory) / name / name])
      #expect(found.files.map { "\($0)" } == [#"\#(directory)/caf\xe9/caf\xe9"#])
      #expect(try readFile(found.files[0].text) == [1])
    }
  }

  /// A directory that cannot be listed is named, and the others are listed all the same.
  @Test func unlistableDirectoriesAreNamed() throws {
    try withMissingPath { path in
      #expect(
        FileTree(Path(path)) { _ in true }.errors.map(\.description) == [
          "\(path): expected a directory that can be listed, found \"No such file or directory\""
        ])
    }
    try withTemporaryDirectory { directory in
      try write("\(directory)/z")
      // Below some depth a path is longer than the system takes; that holds for root, too.
      var parent = open(directory, O_RDONLY | O_DIRECTORY)
      let name = String(repeating: "d", count: 250)
      for _ in 0..<18 {
        #expect(mkdirat(parent, name, 0o700) == 0)
        let child = openat(parent, name, O_RDONLY | O_DIRECTORY)
        close(parent)
        parent = child
      }
      close(parent)
      let found = FileTree(Path(directory)) { _ in true }
      #expect(found.files == [Path("\(directory)/z")] && found.errors.count == 1)
      #expect(found.errors.first?.description.hasSuffix("found \"File name too long\"") == true)
    }
  }
}
