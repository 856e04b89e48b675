import Foundation
import TestSupport
import Testing

/// `data check`, `data stats` and `data pack`: what they print, what they make, and what they end with.
@Suite struct DataCommandTests {
  /// A directory with images of these names, or texts in their place where the names end in `.txt.png`.
  private func withImages(_ names: [String], _ body: (String) throws -> Void) throws {
    try withTemporaryDirectory { directory in
      for name in names {
        let path = "\(directory)/data/\(name)"
        try FileManager.default.createDirectory(
          atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
        try (name.hasSuffix(".txt.png") ? Data("a text".utf8) : Data(smallPNG))
          .write(to: URL(fileURLWithPath: path))
      }
      try body("\(directory)/data")
    }
  }

  /// Runs `cnn-mpi data` and checks what it ends with.
  @discardableResult
  private func data(
    _ arguments: String..., ranks: Int? = nil, exitCode: Int32 = 0,
    sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> Program {
    let program = try Program.run(["data"] + arguments, ranks: ranks, seconds: 60)
    #expect(program.exitCode == exitCode, "\(program.errors)", sourceLocation: sourceLocation)
    #expect(
      program.errorLines.count == (exitCode == 0 ? 0 : 1), "\(program.errors)", sourceLocation: sourceLocation
    )
    return program
  }

  @Test func checkListsWhatIsWrong() throws {
    try withData { path throws in
      for ranks in [nil, 2] {
        let program = try data("check", path, ranks: ranks)
        let lines = program.output.split(separator: "\n").map(String.init)
        #expect(
          lines == [
            "train: of one color alone: image 0 and 3 others",
            "train: 3 images more than once, such as image 0",
            "test: of one color alone: image 0 and 1 other",
            "test: 1 image more than once, such as image 0",
            "2 test images among the training images, too, such as image 0",
            "\(path): 4 to train, 2 to test read: 0 errors, 5 warnings",
          ], "\(program.output)")
      }
    }
  }

  @Test func checkNamesBadImagesUpToAShare() throws {
    let names = ["cat/1.png", "cat/2.png", "dog/3.txt.png", "dog/4.png", "emu/5.png", "emu/5.PNG"]
    try withImages(names) { path throws in
      let program = try data("check", path, exitCode: 1)
      #expect(
        program.output.hasPrefix("\(path)/dog/3.txt.png: expected a PNG or JPEG image, found"),
        "\(program.output)")
      #expect(
        program.output.contains("capital letters, which some file systems cannot hold: \(path)/emu/5"),
        "\(program.output)")
      #expect(program.output.hasSuffix("6 to train read: 1 error, 2 warnings\n"), "\(program.output)")
      #expect(
        program.errors.contains(
          "the images: expected at most 1.0 % that cannot be read, found 1 of 6; the first is \(path)/dog/3"))
      try data("check", path, "--max-bad", "20%")
    }
  }

  @Test func statsCountByClass() throws {
    try withImages(["train/cat/1.png", "train/dog/1.png", "train/dog/2.png", "test/dog/1.png"]) {
      path throws in
      let program = try data("stats", path, ranks: 2)
      let words = program.output.split(separator: "\n").map {
        $0.split(separator: " ").joined(separator: " ")
      }
      for line in [
        "train", "images 3", "classes 2", "height x width 2 x 3", "channels 1 (gray)", "class images share",
        "cat 1 33.33 %", "dog 2 66.67 %", "test", "images 1", "cat 0 0.00 %", "dog 1 100.00 %",
      ] { #expect(words.contains(line), "\(line) in \(program.output)") }
      for word in ["mean 0.", "deviation 0."] { #expect(words.count { $0.hasPrefix(word) } == 2) }
    }
  }

  /// Training on a pack of pixels gives the weights of the images that it is of, to the bit; a byte that is changed later
  /// is found.
  @Test func packsAreTheSameData() throws {
    try withData { path throws in
      let pack = "\(path)-pack"
      defer { try? FileManager.default.removeItem(atPath: pack) }
      let program = try data("pack", path, pack, ranks: 2)
      #expect(
        program.output == "\(pack): 4 images to train, 3,152 bytes\n\(pack): 2 images to test, 1,576 bytes\n")
      var hashes: [String?] = []
      for source in [path, pack] {
        let out = "\(path)/run-\(hashes.count)"
        let options = ["--epochs", "1", "--threads", "1", "--records", "csv", "--out", out]
        let run = try Program.run(["--data", source] + options, ranks: 2)
        #expect(run.exitCode == 0, "\(run.errors)")
        hashes.append(try RunFiles(directory: out).hash())
      }
      #expect(hashes[0] == hashes[1] && hashes[0] != nil)
      let images = URL(fileURLWithPath: "\(pack)/train.images")
      try (Data([9]) + Data(contentsOf: images).dropFirst()).write(to: images)
      let damaged = try data("check", pack, exitCode: 1)
      #expect(damaged.output.hasPrefix("\(pack)/train.images: expected the hash xxh3:"), "\(damaged.output)")
      #expect(damaged.errors.contains("\(pack): expected files as they were packed, found 1 other"))
      let again = try data("pack", path, pack, exitCode: 1)
      #expect(again.errors.contains("expected a new or empty directory for the pack, found files in it"))
    }
  }

  @Test func filesArePackedAsTheyAreOrResized() throws {
    try withImages(["cat/1.png", "cat/2.txt.png", "dog/1.png", "dog/2.png"]) { path throws in
      let none = try data("pack", path, "\(path)/../none", exitCode: 1)
      #expect(none.errors.contains("expected --size for pixels of photos, found none; --format jpeg keeps"))
      let tooMany = try data("pack", path, "\(path)/../bad", "--size", "4", exitCode: 1)
      #expect(tooMany.errors.contains("expected at most 1.0 % that cannot be read, found 1 of 4"))
      #expect(!FileManager.default.fileExists(atPath: "\(path)/../bad/pack.json"))
      for (options, bytes) in [(["--format", "jpeg"], 3 * smallPNG.count), (["--size", "4", "--gray"], 48)] {
        let pack = "\(path)/../pack-\(bytes)"
        let program = try Program.run(["data", "pack", path, pack, "--max-bad", "25%"] + options)
        #expect(program.exitCode == 0, "\(program.errors)")
        #expect(program.errors.contains("left out: \(path)/cat/2.txt.png: expected"), "\(program.errors)")
        #expect(program.output.contains("3 images to train, "), "\(program.output)")
        let file = try Data(contentsOf: URL(fileURLWithPath: "\(pack)/train.images"))
        #expect(file.count == bytes)
        #expect(try data("stats", pack).output.contains("dog"))
      }
    }
    try withData { path throws in
      let pixels = try data("pack", path, "\(path)/pack", "--format", "jpeg", exitCode: 1)
      #expect(pixels.errors.contains("expected image files for --format jpeg, found pixels"))
    }
  }

  @Test(arguments: [
    (["data"], "data: expected one of check, stats, pack, found nothing"),
    (["data", "look"], "data: expected one of check, stats, pack, found \"look\""),
    (["data", "check"], "data check: expected PATH, found 0 operands"),
    (["data", "stats", "a", "b"], "data stats: expected PATH, found 2 operands"),
    (["data", "pack", "a"], "data pack: expected PATH and OUT, found 1 operand"),
    (["data", "check", "a", "--size", "4"], "unknown option --size"),
    (["data", "check", "a", "--cache", "none"], "unknown option --cache"),
    (["data", "pack", "a", "b", "--format", "png"], "--format: expected raw or jpeg, found \"png\""),
    (
      ["data", "pack", "a", "b", "--size", "0"],
      "--size: expected a whole number from 1 to 16384, found \"0\""
    ),
    (["data", "check", "a", "--timeout", "-1"], "--timeout: expected a number of at least 0, found \"-1\""),
  ])
  func wrongArgumentsAreNamed(_ arguments: [String], _ expected: String) throws {
    let program = try Program.run(arguments)
    #expect(program.exitCode == 2 && program.errorLines.count == 1, "\(program.errors)")
    #expect(program.errors.contains(expected), "\(program.errors)")
  }
}
