import Data
import Files
import Foundation
import Tensors
import TestSupport
import Testing

@Suite struct LabelTableTests {
  private let images = ["b.png": "", "x/a.png": "", "x/c,d.JPG": "", "e.jpeg": ""]

  private func withTables(_ tables: [String: String], _ body: (String) throws -> Void) throws {
    try withTexts(images.merging(tables) { $1 }, body)
  }

  /// With and without a header, in either order of the columns, with others beside them.
  @Test(arguments: [
    "file,label\nb.png,dog\nx/a.png,cat\n\"x/c,d.JPG\",dog\n",
    "b.png,dog\r\nx/a.png,cat\r\n\"x/c,d.JPG\",dog",
    "what\twhich\nb.png\tdog\nx/a.png\tcat\nx/c,d.JPG\tdog\n",
    "dog;b.png\ncat;x/a.png\ndog;x/c,d.JPG\n",
    "\u{FEFF}Class Name, width, File Path\ndog, 1, b.png\ncat, 2, x/a.png\n\"dog\", 3, \"x/c,d.JPG\"",
  ])
  func namesBecomeClasses(table: String) throws {
    try withTables(["labels.csv": table]) { path throws in
      let train = try #require(try encoded(path))
      #expect(train.names == ["b.png", "x/a.png", "x/c,d.JPG"] && train.labels == [1, 0, 1])
      #expect(try loadData(path)?.classNames == ["cat", "dog"])
      #expect(try loadData(path, .test) == nil)
    }
  }

  @Test func numbersAreTheClasses() throws {
    try withTables(["n.tsv": "b.png\t7\nx/a.png\t0\ne.jpeg\t07\n"]) { path throws in
      let train = try #require(try loadData(path))
      #expect(train.labels == [7, 0, 7] && train.classes == 8 && train.classNames == nil)
      expectDataError(path, "line 2: expected labels in 1..<1048577, found 0", first(1))
    }
    try withTables(["n.csv": "b.png,1\nx/a.png,2\ne.jpeg,1\n"]) { path throws in
      expectDataError(path, "expected labels that count from 0, found 1 to 2; where 1 is the first class")
      #expect(try loadData(path, .train, first(1))?.labels == [0, 1, 0])
    }
  }

  private func first(_ label: Int) -> DataOptions {
    var options = DataOptions()
    options.firstLabel = label
    return options
  }

  /// Test images have the numbers of the training images' classes.
  @Test(arguments: [
    ("train.csv", "test.csv"), ("train.tsv", "val.csv"), ("TrainLabels.csv", "test_labels.csv"),
  ])
  func partsAreTables(train: String, test: String) throws {
    try withTables([
      train: "b.png,dog\ne.jpeg,cat\nx/a.png,emu\n", test: "e.jpeg;emu\n",
      "sample_submission.csv": "b.png,cat\n", "notes.csv": "a,b,c\n",
    ]) { path throws in
      #expect(try encoded(path)?.labels == [1, 0, 2])
      #expect(try encoded(path, .test)?.labels == [2])
      #expect(try loadData(path, .test)?.classNames == ["cat", "dog", "emu"])
    }
  }

  /// A table alone is data, too: of whichever part is asked for, where it is only one.
  @Test func aTableMayBeNamed() throws {
    try withTables([
      "my.csv": "b.png,dog\n/\(String(repeating: "/", count: 3))dev/null,cat\n", "other.csv": "",
    ]) {
      let source = try DataSource(path: "\($0)/my.csv")
      let input = ImageInput(shape: Shape(2, 2, 3))
      let images = try #require(try source.load(.train, as: input) as? EncodedImages)
      #expect(images.sources.map(\.name) == ["\($0)/b.png", "////dev/null"] && images.labels == [1, 0])
      #expect(try source.load(.test, as: input) == nil)
      #expect(try source.load(.test, as: input, isAlone: true)?.labels == [1, 0])
    }
  }

  /// Directories of classes tell them, whatever tables are beside them.
  @Test func directoriesOfClassesGoFirst() throws {
    let names = ["train/a/1.jpg", "train/b/2.jpg", "birds.csv"]
    try withTexts([names[0]: "", names[1]: "", names[2]: "filepaths,labels\ntrain/a/1.jpg,X\n"]) {
      path throws in
      #expect(try encoded(path)?.names == ["train/a/1.jpg", "train/b/2.jpg"])
    }
    // Images in directories that are no classes.
    try withTexts(["p1/1.jpg": "", "p2/2.jpg": "", "l.csv": "p1/1.jpg,X\np2/2.jpg,Y"]) { path throws in
      #expect(try loadData(path)?.classNames == ["X", "Y"])
    }
  }

  @Test func saysWhatIsWrong() throws {
    func expectError(
      _ table: String, _ expected: String, of part: DataPart = .train, test: String? = nil
    ) throws {
      try withTables(["train.csv": table].merging(test.map { ["test.csv": $0] } ?? [:]) { $1 }) {
        path throws in
        expectDataError(path, part, expected)
      }
    }
    try expectError(
      "file,label\nb.png,1\nno.png,2\n\nnever.png,1",
      "train.csv, line 3: expected a file that is there, found ")
    try expectError(
      "b.png,1\nno.png,2\nnever.png,1", "/no.png, and 1 more are not there; files are named relative")
    try expectError("b.png,cat\n,dog\n", "line 2: expected a file that is there, found no name")
    try expectError("b.png,cat\ne.jpeg,\n", "line 2: expected a class, found none")
    try expectError("b.png,cat\ne.jpeg,Cat\n", "found \"Cat\" and \"cat\"; give them one name")
    try expectError("b.png,cat\ne.jpeg,cat\n", "expected images of at least 2 classes, found only \"cat\"")
    try expectError("b.png,cat\ne.jpeg,a,b\n", "line 2: expected 2 fields, as line 1 has, found 3")
    try expectError(
      "b.png,cat\ne.jpeg,dog\nb.png,dog\n",
      "line 3: expected one class of b.png, found \"dog\", and \"cat\" before")
    try expectError("file,label\n", "train.csv: expected images, found only a header")
    try expectError(
      "b.png,cat\ne.jpeg,dog\n",
      "test.csv, line 1: expected one of the 2 classes, such as \"cat\", found \"emu\"", of: .test,
      test: "b.png,emu\n")
    try expectError(
      "b.png,0\ne.jpeg,1\n", "line 2: expected a number of a class, as training images have, found \"x\"",
      of: .test, test: "b.png,1\ne.jpeg,x")
    try withTables(["a.csv": "b.png,x\ne.jpeg,y", "b.csv": "b.png,x\ne.jpeg,y"]) { path throws in
      expectDataError(path, "expected one table of labels, or train.csv and test.csv, found a.csv, b.csv")
    }
    try withTables(["pixels.csv": "label,pixel0,pixel1\n3,0,0\n"]) { path throws in
      expectDataError(
        "\(path)/pixels.csv",
        "expected a table of image files and their labels, found a first line of \"label\", \"pixel0\"")
    }
  }

  /// A pipe among the tables is none, a pipe among the images is named when it is read, and one alone is no data.
  @Test(.timeLimit(.minutes(1)))
  func nothingWaitsForPipes() throws {
    try withTables(["l.csv": "b.png,x\npipe.png,y"]) { path throws in
      #expect(mkfifo("\(path)/pipe.png", 0o600) == 0 && mkfifo("\(path)/a.csv", 0o600) == 0)
      let images = try #require(try loadData(path) as? EncodedImages)
      let error = #expect(throws: DataError.self) { try images.image(1) }
      #expect(error?.description.contains("pipe.png: expected a readable image, found a named pipe") == true)
      expectDataError("\(path)/a.csv", "a.csv: expected a directory or file of data, found a named pipe")
    }
  }
}
