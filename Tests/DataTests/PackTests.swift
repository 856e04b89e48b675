import Data
import Files
import Foundation
import Tensors
import TestSupport
import Testing

/// What `PackWriter` writes is read back, and what is not as it was written is told.
@Suite struct PackTests {
  private static let images = LabeledImages(
    shape: Shape(2, 3, 1), classes: 3, classNames: ["ant", "bee", "cat"], images: (0..<30).map { UInt8($0) },
    labels: [2, 0, 1, 1, 0])

  /// Calls `body` with a pack of `images`, of which two are to test as well.
  private func withPack(_ body: (String) throws -> Void) throws {
    try withTemporaryDirectory { directory throws in
      let path = "\(directory)/pack"
      var writer = try PackWriter(path, .raw)
      for (part, images) in [(DataPart.train, Self.images), (.test, Self.images.subset([4, 2]))] {
        try writer.write(part, of: images) { sample in
          var pixels = [UInt8](repeating: 0, count: 6)
          var span = pixels.mutableSpan
          images.read(sample, into: &span)
          return pixels
        }
      }
      _ = try writer.finish()
      try body(path)
    }
  }

  /// Calls `body` with a pack of image files as they are, three to train.
  private func withPackOfFiles(_ body: (_ pack: String, _ folder: String) throws -> Void) throws {
    let names = ["cat/1.png", "dog/1.png", "dog/2.png"]
    let files = names.map { ($0, smallPNG + Array($0.utf8)) }
    try withFiles(Dictionary(uniqueKeysWithValues: files)) { folder throws in
      try withTemporaryDirectory { directory throws in
        let images = try #require(try loadData(folder) as? EncodedImages)
        var writer = try PackWriter("\(directory)/pack", .jpeg)
        try writer.write(.train, of: images) { try images.bytes($0) }
        _ = try writer.finish()
        try body("\(directory)/pack", folder)
      }
    }
  }

  private func pixels(_ images: any Dataset) throws -> [[UInt8]] {
    try (0..<images.count).map { sample in
      var pixels = [UInt8](repeating: 0, count: images.shape.count)
      var span = pixels.mutableSpan
      try images.read(sample, into: &span)
      return pixels
    }
  }

  @Test func pixelsComeBack() throws {
    try withPack { path throws in
      let train = try #require(try loadData(path))
      #expect(train is MappedImages && train.shape == Self.images.shape && train.classes == 3)
      #expect(train.labels == Self.images.labels && train.classNames == Self.images.classNames)
      #expect(try pixels(train) == pixels(Self.images))
      let test = try #require(try loadData(path, .test))
      #expect(try test.labels == [0, 1] && pixels(test) == pixels(Self.images.subset([4, 2])))
    }
  }

  @Test func viewsAreOfTheSameImages() throws {
    try withPack { path throws in
      let train = try #require(try loadData(path) as? MappedImages)
      #expect(try pixels(train.subset([3, 0])) == pixels(Self.images.subset([3, 0])))
      #expect(try pixels(train.subset([4, 1, 0]).subset([2, 0])) == pixels(Self.images.subset([0, 4])))
      #expect(train.limited(to: 2).labels == [2, 1] && train.limited(to: 9).count == 5)
      let renamed = train.relabeled([0, 1, 1, 0, 1], classNames: ["x", "y"])
      #expect(try renamed.labels == [0, 1, 1, 0, 1] && pixels(renamed) == pixels(train))
      // The same wherever the pack is; others are others.
      try FileManager.default.copyItem(atPath: path, toPath: "\(path)-copy")
      #expect(try loadData("\(path)-copy")?.fingerprint == train.fingerprint)
      let others = [train.subset([0, 1]).fingerprint, try #require(try loadData(path, .test)).fingerprint]
      #expect(Set(others + [train.fingerprint]).count == 3)
    }
  }

  @Test func filesComeBackAsTheyAre() throws {
    try withPackOfFiles { pack, folder throws in
      let images = try #require(try loadData(pack) as? EncodedImages)
      let files = try #require(try loadData(folder) as? EncodedImages)
      #expect(images.labels == [0, 1, 1] && images.classNames == ["cat", "dog"])
      #expect(try (0..<3).map(images.bytes) == (0..<3).map(files.bytes))
      #expect(images.sources[1].name == "\(pack)/train.images, image 1")
      #expect(try pixels(images) == pixels(files))
    }
  }

  @Test func whatIsLeftOutIsNotThere() throws {
    try withTemporaryDirectory { directory throws in
      var writer = try PackWriter("\(directory)/pack", .raw)
      try writer.write(.train, of: Self.images) { $0 == 1 ? nil : [UInt8](repeating: UInt8($0), count: 6) }
      #expect(try writer.finish().parts["train"]?.samples == 4)
      let images = try #require(try loadData("\(directory)/pack"))
      #expect(try images.labels == [2, 1, 1, 0] && pixels(images).map { $0[0] } == [0, 2, 3, 4])
      #expect(throws: FileError.self) { try writer.write(.test, of: Self.images) { _ in nil } }
    }
  }

  @Test func aPackIsWrittenIntoAnEmptyDirectory() throws {
    try withTexts(["file": ""]) { directory throws in
      for (path, expected) in [
        (directory, "expected a new or empty directory for the pack, found files in it"),
        ("\(directory)/file", "file"), ("\(directory)/no/pack", "no/pack"),
      ] {
        let error = #expect(throws: (any Error).self) { _ = try PackWriter(path, .raw) }
        #expect("\(error!)".contains(expected))
      }
    }
  }

  /// A changed byte is found by its file's hash; nothing else is wrong with that file.
  @Test func changedBytesAreFound() throws {
    try withPack { path throws in
      func damages() throws -> [String] {
        try #require(try Pack(Path(path), names(inDirectory: Path(path)))).damages { _ in }
      }
      #expect(try damages() == [])
      for name in ["test.labels", "train.images"] {
        var bytes = try readFile("\(path)/\(name)")
        bytes[0] ^= 1
        try writeAtomically(bytes, to: "\(path)/\(name)")
      }
      let found = try damages()
      #expect(found.count == 2, "\(found)")
      #expect(found.first?.hasPrefix("\(path)/test.labels: expected the hash xxh3:") == true, "\(found)")
      #expect(found.last?.hasPrefix("\(path)/train.images: expected the hash xxh3:") == true, "\(found)")
      #expect(try loadData(path) != nil)
    }
  }

  @Test(arguments: [
    (
      "train.images", 29,
      "train.images: expected 5 images of 2x3x1, found 29 bytes; the file is truncated, or of"
    ),
    ("train.labels", 19, "train.labels: expected 20 bytes, as the index says, found 19"),
  ])
  func truncatedFilesAreNamed(_ name: String, length: Int, _ expected: String) throws {
    try withPack { path throws in
      #expect(truncate("\(path)/\(name)", length) == 0)
      expectDataError(path, expected)
      #expect(try loadData(path, .test) != nil)
      #expect(unlink("\(path)/\(name)") == 0)
      expectDataError(path, "\(name): expected ")
    }
  }

  @Test func labelsOfNoClassAreNamed() throws {
    try withPack { path throws in
      var labels = try readFile("\(path)/train.labels")
      labels[8] = 3
      try writeAtomically(labels, to: "\(path)/train.labels")
      expectDataError(path, "train.labels: expected labels in 0..<3, found 3 of image 2")
    }
  }

  /// Places that lie are found before anything is read at them.
  @Test func placesThatLieAreFound() throws {
    try withPackOfFiles { path, _ throws in
      let size = smallPNG.count + 9
      #expect(try readFile("\(path)/train.places") == [0, size, 2 * size, 3 * size].flatMap(Self.bytes))
      for places in [
        [1, size, 2 * size, 3 * size], [0, size, 2 * size, 3 * size - 1], [0, 2 * size, size, 3 * size],
        [0, size, size, 3 * size], [0, -1, 2 * size, 3 * size], [0, size, .max, 3 * size],
      ] {
        try writeAtomically(places.flatMap(Self.bytes), to: "\(path)/train.places")
        expectDataError(
          path,
          "train.places: expected rising places in \(3 * size) bytes of images, found others; the files are of"
        )
      }
    }
  }

  private static func bytes(_ number: Int) -> [UInt8] {
    (0..<8).map { UInt8(truncatingIfNeeded: number >> (8 * $0)) }
  }

  @Test(arguments: [
    (
      "\"format\" : \"cnn-mpi pack\"", "\"format\" : \"pack\"",
      "expected the index of a pack of version 1, found"
    ),
    ("\"version\" : 1", "\"version\" : 2", "found \"cnn-mpi pack\", version 2"),
    ("\"samples\" : 5", "\"samples\" : 6", "train.labels: expected 24 bytes, as the index says, found 20"),
    ("\"samples\" : 5", "\"samples\" : 0", "pack.json: expected samples, found 0"),
    (
      "\"samples\" : 5", "\"samples\" : 9223372036854775807",
      "pack.json: expected samples, found 9223372036854775807"
    ),
    ("\"classes\" : 3", "\"classes\" : 4", "expected classes, and as many names, found 4 classes, 3 names"),
    ("\"classes\" : 3", "\"classes\" : 1000000000", "expected classes, and as many names"),
    ("\"encoding\" : \"raw\"", "\"encoding\" : \"jpeg\"", "found jpeg, [2, 3, 1]"),
    ("\"encoding\" : \"raw\"", "\"encoding\" : \"webp\"", "pack.json"),
    ("    2,\n    3,", "    3,\n    3,", "train.images: expected 5 images of 3x3x1, found 30 bytes"),
    ("    2,\n    3,", "    2,\n    4294967296,", "expected height, width and channels of raw images"),
    ("\"train.labels\"", "\"../../etc/passwd\"", "expected the files train.images, train.labels, found"),
    ("{", "", "pack.json, line "),
  ])
  func anIndexThatLiesIsNamed(_ text: String, _ other: String, _ expected: String) throws {
    try withPack { path throws in
      let index = String(decoding: try readFile("\(path)/pack.json"), as: UTF8.self)
      let place = try #require(index.firstRange(of: text), "\(text) in \(index)")
      try writeAtomically(
        Array(index.replacingCharacters(in: place, with: other).utf8), to: "\(path)/pack.json")
      expectDataError(path, expected)
    }
  }
}
