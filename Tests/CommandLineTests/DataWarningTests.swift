import Foundation
import TestSupport
import Testing

/// What training says of data that it can read, but hardly learn from: once, not once a rank.
@Suite struct DataWarningTests {
  /// The warnings of a short run, which ends well.
  private func warnings(_ data: String, _ options: [String] = []) throws -> [String] {
    let whole = ["--epochs", "1", "--threads", "1", "--records", "csv", "--out", "\(data)-run"] + options
    let program = try Program.run(["--data", data] + whole, ranks: 2, seconds: 60)
    try? FileManager.default.removeItem(atPath: "\(data)-run")
    #expect(program.exitCode == 0, "\(program.errors)")
    return (program.output + program.errors).split(separator: "\n").map(String.init)
      .filter { $0.contains("warning") && $0.contains("training images") }
  }

  private func expectWarning(
    _ data: String, _ expected: String, sourceLocation: SourceLocation = #_sourceLocation
  ) throws {
    let found = try warnings(data)
    #expect(
      found.count == 1 && found[0].hasSuffix(expected), "\(found)", sourceLocation: sourceLocation)
  }

  /// Writes labels of the 4 training images of `withData`, and images that are not of one color.
  private func change(_ directory: String, labels: [UInt8]) throws {
    func write(_ name: String, _ bytes: [UInt8]) throws {
      try Data(bytes).write(to: URL(fileURLWithPath: "\(directory)/\(name)"))
    }
    try write("train-labels-idx1-ubyte", [0, 0, 8, 1, 0, 0, 0, 4] + labels)
    let pixels = (0..<4 * 784).map { UInt8(truncatingIfNeeded: $0 * $0) }
    try write("train-images-idx3-ubyte", [0, 0, 8, 3, 0, 0, 0, 4, 0, 0, 0, 28, 0, 0, 0, 28] + pixels)
  }

  @Test func oneColor() throws {
    try withData { path throws in
      try expectWarning(
        path, "training images of one color alone: image 0 and 3 others; take out those that are damaged")
    }
  }

  @Test func classesWithoutImages() throws {
    try withData {
      try change($0, labels: [0, 1, 2, 3])
    } _: { path throws in
      #expect(try warnings(path) == [])
    }
    try withData {
      try change($0, labels: [0, 1, 3, 3])
    } _: { path throws in
      try expectWarning(
        path,
        "no training images are of the class 2, which cannot be learnt: add some, or leave the class out")
    }
    try withData {
      try change($0, labels: [3, 3, 3, 3])
    } _: { path throws in
      try expectWarning(
        path,
        "all training images are of the class 3, so that there is nothing to tell apart: add images of others"
      )
    }
  }

  /// A directory without images is a class nevertheless, wherever decoded images are kept.
  @Test(arguments: ["memory", "none"]) func foldersOfClasses(cache: String) throws {
    let image = Data(smallPNG)
    let gray = try #require(
      Data(
        base64Encoded:
          "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACCAAAAABX3VL4AAAADklEQVR4nGNoaGBoaAAABgYCASzBUNcAAAAASUVORK5CYII="))
    try withTemporaryDirectory { directory throws in
      let files = [("cat/1", image), ("cat/2", gray), ("dog/1", image), ("dog/2", image), ("emu", nil)]
      for (name, bytes) in files {
        let path = "\(directory)/data/\(name)"
        try FileManager.default.createDirectory(
          atPath: bytes == nil ? path : (path as NSString).deletingLastPathComponent,
          withIntermediateDirectories: true)
        try bytes?.write(to: URL(fileURLWithPath: "\(path).png"))
      }
      let found = try warnings("\(directory)/data", ["--validation-split", "0.5", "--cache", cache])
      #expect(found.count == 2, "\(found)")
      for words in ["are of the class emu, which cannot", "one color alone: \(directory)/data/cat/2.png;"] {
        #expect(found.contains { $0.contains(words) }, "\(found)")
      }
    }
  }
}
