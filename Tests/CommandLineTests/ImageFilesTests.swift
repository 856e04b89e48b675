import Foundation
import TestSupport
import Testing

/// Which files `predict` and training take, and how they are named.
@Suite(.serialized) struct ImageFilesTests {
  /// A short run, made once and removed at the end.
  private static let model: String = {
    let directory = NSTemporaryDirectory() + "cnn-mpi-test-images-\(getpid())"
    let program = try? Program.run([
      "--train-samples", "64", "--test-samples", "64", "--epochs", "1", "--threads", "1", "--out", directory,
    ])
    precondition(program?.exitCode == 0, "\(program?.errors ?? "")")
    modelToRemove = directory
    atexit { try? FileManager.default.removeItem(atPath: modelToRemove) }
    return directory
  }()

  private func write(_ bytes: Data, _ path: String) throws {
    try FileManager.default.createDirectory(
      atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
    try bytes.write(to: URL(fileURLWithPath: path))
  }

  private func files(_ program: Program) throws -> [[String: Any]] {
    let report = try JSONSerialization.jsonObject(with: Data(program.output.utf8)) as? [String: Any] ?? [:]
    return report["predictions"] as? [[String: Any]] ?? []
  }

  @Test func linksAreFollowed() throws {
    try withTemporaryDirectory { directory in
      try write(Data(smallPNG), "\(directory)/there/deep/x.JFIF")
      try write(Data(smallPNG), "\(directory)/tree/a.jpe")
      for (name, target) in [("link", "tree"), ("tree/cats", "../there"), ("tree/circle", "../tree")] {
        try FileManager.default.createSymbolicLink(
          atPath: "\(directory)/\(name)", withDestinationPath: target)
      }
      let program = try Program.run(
        ["predict", "--model", Self.model, "--json", "\(directory)/link"], ranks: 2)
      #expect(program.exitCode == 0 && program.errors.isEmpty, "\(program.errors)")
      let found = try files(program).map { $0["file"] as? String }
      #expect(found == ["a.jpe", "cats/deep/x.JFIF"].map { "\(directory)/link/\($0)" })
    }
  }

  /// A name that is no UTF-8 is found below a directory, and taken as an argument; it is shown escaped.
  @Test func namesNeedNotBeUTF8() throws {
    try withTemporaryDirectory { directory in
      try write(Data(smallPNG), "\(directory)/plain.png")
      try write(Data(smallPNG), "\(directory)/c.png")
      // Foundation cannot name such files, a shell can.
      func shell(_ script: String) throws -> Program {
        try RunningProgram(["bash", "-c", script, "bash", Program.path, Self.model, directory], seconds: 60)
          .wait()
      }
      let rename = #"mv "$3/c.png" "$3/"$'caf\xe9.png'; "#
      for predict in [
        rename + #""$1" predict --model "$2" --json "$3""#,
        #""$1" predict --model "$2" --json "$3/"$'caf\xe9.png' "$3/plain.png""#,
      ] {
        let program = try shell(predict)
        #expect(program.exitCode == 0 && program.errors.isEmpty, "\(program.errors)")
        let found = try files(program)
        #expect(
          found.map { $0["file"] as? String } == [#"\#(directory)/caf\xe9.png"#, "\(directory)/plain.png"])
        #expect(found.map { $0["escaped"] as? Bool } == [true, nil])
      }
      let missing = try shell(#""$1" predict --model "$2" $'/n\xe9'"#)
      #expect(missing.errors.contains(#"/n\xe9: expected an image, a directory or an IDX file"#))
      let option = try shell(#""$1" predict --model $'/n\xe9' x.png"#)
      #expect(option.exitCode == 2 && option.errors.contains(#"--model: expected UTF-8, found "/n\xe9""#))
    }
  }

  /// Nothing waits for a pipe that nobody writes, and what is no image is named as what it is.
  @Test(arguments: [nil, 2])
  func otherFilesAreNamed(ranks: Int?) throws {
    try withTemporaryDirectory { directory in
      #expect(mkfifo("\(directory)/pipe.jpg", 0o600) == 0)
      try write(Data("PK\u{3}\u{4}".utf8), "\(directory)/zip.png")
      try write(Data("<!DOCTYPE html>".utf8), "\(directory)/page.jpg")
      try write(Data(smallPNG), "\(directory)/good.png")
      let program = try Program.run(
        ["predict", "--model", Self.model, directory, "\(directory)/pipe.jpg"], ranks: ranks, seconds: 60)
      #expect(program.exitCode == 1 && program.output.contains("good.png"), "\(program.output)")
      let lines = program.errorLines
      #expect(lines.count == 5, "\(lines)")
      for text in [
        "pipe.jpg: expected a readable image, found a named pipe",
        "zip.png: expected a PNG or JPEG image, found a zip archive; unpack it first",
        "page.jpg: expected a PNG or JPEG image, found an HTML page; the download went wrong",
        "no prediction for 4 of 5 inputs",
      ] {
        #expect(lines.contains { $0.contains(text) }, "\(text) in \(lines)")
      }
    }
  }

  @Test func imagesAreTurnedUnlessToldOtherwise() throws {
    // The chunk eXIf, with orientation 3, before the end.
    let exif: [UInt8] = [
      0x4D, 0x4D, 0, 42, 0, 0, 0, 8, 0, 1, 1, 0x12, 0, 3, 0, 0, 0, 1, 0, 3, 0, 0, 0, 0, 0, 0,
    ]
    let chunk = [0, 0, 0, UInt8(exif.count)] + Array("eXIf".utf8) + exif + [0x84, 0x5F, 0x64, 0xCE]
    try withTemporaryDirectory { directory in
      try write(Data(smallPNG), "\(directory)/plain.png")
      try write(Data(smallPNG).dropLast(12) + chunk + Data(smallPNG).suffix(12), "\(directory)/turned.png")
      func logits(_ arguments: [String]) throws -> [Float] {
        let file = "\(directory)/l.npy"
        let program = try Program.run(["predict", "--model", Self.model, "--logits", file] + arguments)
        #expect(program.exitCode == 0, "\(program.errors)")
        return try readNPY(file).numbers
      }
      let plain = try logits(["\(directory)/plain.png"])
      let turned = "\(directory)/turned.png"
      #expect(try logits([turned, "--orientation", "stored"]) == plain)
      #expect(try logits([turned]) != plain && logits([turned]) == logits([turned, "--orientation", "exif"]))
    }
  }

  /// A directory or pipe of a file's name does not hide the file in its other spelling, and alone it is named.
  @Test(arguments: [nil, 2])
  func onlyFilesAreData(ranks: Int?) throws {
    func train(_ data: String, out: String) throws -> Program {
      try Program.run(
        ["--data", data, "--epochs", "1", "--quiet", "--out", "\(data)/\(out)"], ranks: ranks, seconds: 60)
    }
    for make in [{ mkdir($0, 0o700) }, { mkfifo($0, 0o600) }] as [(String) -> Int32] {
      try withData { directory in
        try FileManager.default.moveItem(
          atPath: "\(directory)/train-images-idx3-ubyte", toPath: "\(directory)/train-images.idx3-ubyte")
        #expect(make("\(directory)/train-images-idx3-ubyte") == 0)
      } _: {
        let program = try train($0, out: "a")
        #expect(program.exitCode == 0, "\(program.errors)")
        try FileManager.default.removeItem(atPath: "\($0)/train-images.idx3-ubyte")
        let alone = try train($0, out: "b")
        #expect(alone.exitCode == 1 && alone.errorLines.count == 1, "\(alone.errors)")
        #expect(alone.errors.contains("train-images-idx3-ubyte: expected a readable file, found "))
      }
    }
  }

  @Test func dataOfAnotherKindAreNamed() throws {
    try withData { directory in
      try Data("PK\u{3}\u{4}".utf8).write(to: URL(fileURLWithPath: "\(directory)/train-images-idx3-ubyte"))
    } _: {
      let program = try Program.run(["--data", $0, "--epochs", "1", "--out", "\($0)/out"])
      #expect(
        program.errors.contains("(magic 00000803 or 00000804), found a zip archive; unpack it first"),
        "\(program.errors)")
    }
  }
}

/// The directory that the process removes when it ends.
private nonisolated(unsafe) var modelToRemove = ""
