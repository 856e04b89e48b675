import Data
import Files
import Foundation
import Tensors
import TestSupport
import Testing

@Suite struct ImageFolderTests {
  /// Empty files of these names: what is in them matters only when they are read.
  private func withNames(_ names: [String], _ body: (String) throws -> Void) throws {
    try withFiles(Dictionary(uniqueKeysWithValues: names.map { ($0, []) }), body)
  }

  /// Classes and images are in the order of their names' bytes, capital letters before small ones, and images of a class
  /// may be in directories below its own.
  @Test func aDirectoryIsAClass() throws {
    let names = ["dog/b.jpg", "dog/a.PNG", "Cat/deep/z.jpeg", "Cat/y.jpg", "\u{e9}l\u{e9}phant/1.png"]
    try withNames(names + ["README.md", ".DS_Store", "dog/.hidden.jpg", "dog/Thumbs.db", "photos.tar.gz"]) {
      path throws in
      let train = try #require(try encoded(path))
      #expect(train.names == ["Cat/deep/z.jpeg", "Cat/y.jpg", "dog/a.PNG", "dog/b.jpg", names[4]])
      #expect(train.labels == [0, 0, 1, 1, 2])
      #expect(try loadData(path)?.classNames == ["Cat", "dog", "\u{e9}l\u{e9}phant"])
      #expect(try loadData(path, .test) == nil)
    }
  }

  @Test(arguments: ["test", "val", "valid", "validation"])
  func partsAreDirectories(test: String) throws {
    try withNames(["train/a/1.jpg", "train/b/2.jpg", "train/c/3.jpg", "\(test)/c/4.jpg", "\(test)/a/5.jpg"]) {
      path throws in
      #expect(try encoded(path)?.labels == [0, 1, 2])
      // The test images have the numbers of the training images' classes.
      let part = try #require(try encoded(path, .test))
      #expect(part.names == ["\(test)/a/5.jpg", "\(test)/c/4.jpg"] && part.labels == [0, 2])
      #expect(try loadData(path, .test)?.classNames == ["a", "b", "c"])
    }
  }

  /// The class is what stands before the last underscore, as in the Oxford pets.
  @Test func aNameHasTheClass() throws {
    try withNames(["great_pyrenees_12.jpg", "great_pyrenees_2.jpg", "Bengal_1.jpg", "list.txt"]) {
      path throws in
      let train = try #require(try encoded(path))
      #expect(train.names == ["Bengal_1.jpg", "great_pyrenees_12.jpg", "great_pyrenees_2.jpg"])
      #expect(train.labels == [0, 1, 1])
      #expect(try loadData(path)?.classNames == ["Bengal", "great_pyrenees"])
    }
    for name in ["beagle.jpg", "_3.jpg"] {
      try withNames(["a_1.jpg", "b_1.jpg", name]) { path throws in
        expectDataError(path, "\(name): expected a name with its class before the last underscore")
      }
    }
  }

  @Test func saysWhatIsWrong() throws {
    try withNames(["train/a/1.jpg", "train/b/1.jpg", "val/dog/1.jpg"]) { path throws in
      expectDataError(
        path, .test, "val/dog/1.jpg: expected one of the 2 classes of the training images, found \"dog\"")
    }
    try withNames(["a/1.jpg", "a/2.jpg"]) { path throws in
      expectDataError(path, "expected images of at least 2 classes, found only \"a\"")
    }
    try withNames(["a/1.jpg", "b/1.jpg", "loose.jpg"]) { path throws in
      expectDataError(path, "expected images in the directories of their classes, found loose.jpg beside 2")
    }
    try withNames(["a/notes.txt", "b/notes.txt"]) { path throws in
      expectDataError(path, "expected images in the directories of the classes, found none in \"a\", \"b\"")
    }
    try withNames(["train/notes.txt"]) { path throws in
      expectDataError(path, "/train: expected images of at least 2 classes")
    }
    try withNames(["notes.txt"]) { path throws in
      expectDataError(path, "expected a directory with data, found only notes.txt")
    }
    try withNames([]) { expectDataError($0, "expected a directory with data, found nothing in it") }
  }

  /// A directory without images is a class, which other images of it may be tested for.
  @Test func classesMayBeWithoutImages() throws {
    try withNames(["train/a/1.jpg", "train/b/notes.txt", "train/c/1.jpg", "test/b/1.jpg", "test/d/notes.txt"])
    {
      path throws in
      let train = try #require(try loadData(path))
      #expect(train.classNames == ["a", "b", "c"] && train.labels == [0, 2])
      #expect(try loadData(path, .test)?.labels == [1])
    }
  }

  /// Two spellings are one class for whoever made them: training would go on with classes that nobody wants.
  @Test(arguments: [["Cat/1.jpg", "cat/2.jpg", "dog/1.jpg"], ["Cat_1.jpg", "cat_2.jpg", "dog_1.jpg"]])
  func capitalLettersMakeNoClass(names: [String]) throws {
    try withNames(names) { path throws in
      expectDataError(
        path, "expected names of classes that differ in more than capital letters, found \"Cat\" and \"cat\"")
    }
    // Files are told apart by them.
    try withNames(["a/X.jpg", "a/x.jpg", "b/y.jpg"]) { path throws in
      #expect(try encoded(path)?.names == ["a/X.jpg", "a/x.jpg", "b/y.jpg"])
    }
  }

  /// A class may be a link to a directory elsewhere. A link back to the whole makes no image one of another class.
  @Test(.timeLimit(.minutes(1)))
  func linksAreFollowedButNotBack() throws {
    try withNames(["data/train/cat/1.jpg", "data/train/dog/2.jpg", "data/test/dog/3.jpg", "there/x/4.jpg"]) {
      path throws in
      let path = "\(path)/data"
      for (name, target) in [
        ("train/emu", "../../there"), ("train/cat/up", ".."), ("train/cat/self", "."),
        ("train/dog/top", "../.."),
        ("train/emu/x/loop", "../x"), ("train/dog/nowhere.jpg", "missing"),
      ] {
        try FileManager.default.createSymbolicLink(
          atPath: "\(path)/\(name)", withDestinationPath: target)
      }
      let train = try #require(try encoded(path))
      #expect(
        train.names == ["train/cat/1.jpg", "train/dog/2.jpg", "train/dog/nowhere.jpg", "train/emu/x/4.jpg"])
      #expect(train.labels == [0, 1, 1, 2])
    }
  }

  /// Reading a named pipe that nobody writes to is an error and no wait.
  @Test(.timeLimit(.minutes(1)))
  func pipesAreNamed() throws {
    try withFiles(["a/1.png": smallPNG, "b/1.png": smallPNG]) { path throws in
      #expect(mkfifo("\(path)/a/0.png", 0o600) == 0)
      let images = try #require(try loadData(path) as? EncodedImages)
      #expect(images.count == 3)
      var pixels = [UInt8](repeating: 0, count: 4)
      func read(_ sample: Int) throws {
        var span = pixels.mutableSpan
        try images.read(sample, into: &span)
      }
      try read(1)
      let error = #expect(throws: DataError.self) { try read(0) }
      #expect(
        error?.description.contains("a/0.png: expected a readable image, found a named pipe; ") == true,
        "\(error?.description ?? "")")
    }
  }
}
