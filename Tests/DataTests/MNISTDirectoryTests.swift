import Data
import Foundation
import Tensors
import TestSupport
import Testing

@Suite struct MNISTDirectoryTests {
  /// A directory of 2 training and 1 test images of 2 x 2, with a change.
  private func directory<Result>(
    _ change: (inout [String: [UInt8]]) -> Void = { _ in }, _ body: (String) throws -> Result
  ) throws -> Result {
    func images(_ count: UInt8, side: UInt8 = 2) -> [UInt8] {
      [0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, side, 0, 0, 0, side]
        + (0..<count * side * side).map { $0 }
    }
    var files: [String: [UInt8]] = [
      "train-images-idx3-ubyte": images(2), "train-labels-idx1-ubyte": [0, 0, 8, 1, 0, 0, 0, 2, 7, 9],
      "t10k-images.idx3-ubyte": images(1), "t10k-labels-idx1-ubyte": [0, 0, 8, 1, 0, 0, 0, 1, 3],
    ]
    change(&files)
    return try withTemporaryDirectory { path in
      for (name, bytes) in files {
        try Foundation.Data(bytes).write(to: URL(fileURLWithPath: "\(path)/\(name)"))
      }
      return try body(path)
    }
  }

  private func load(_ path: String, _ part: DataPart, _ options: DataOptions = DataOptions()) throws
    -> LabeledImages?
  {
    try DataSource(path: path, options).load(part, as: ImageInput(shape: Shape(2, 2, 1))) as? LabeledImages
  }

  @Test func readsBothParts() throws {
    try directory { path in
      let train = try #require(try load(path, .train))
      #expect(train.count == 2 && train.shape == Shape(2, 2, 1) && train.labels == [7, 9])
      #expect(train.images == [0, 1, 2, 3, 4, 5, 6, 7])
      #expect(try load(path, .test)?.labels == [3])
      #expect(train.limited(to: 1).images == [0, 1, 2, 3] && train.limited(to: 5).count == 2)
    }
  }

  /// Names as EMNIST's and QMNIST's, labels of 32 bits in several columns, images on their side, a first label.
  @Test func readsRelativesOfMNIST() throws {
    try directory { files in
      files["train-images-idx3-ubyte"] = nil
      files["train-labels-idx1-ubyte"] = nil
      files["qmnist-train-images-idx3-ubyte"] =
        [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 2, 0, 0, 0, 3] + Array(0..<12)
      files["qmnist-train-labels-idx2-int"] =
        [0, 0, 12, 2, 0, 0, 0, 2, 0, 0, 0, 2] + [0, 0, 1, 4, 9, 9, 9, 9] + [0, 0, 0, 5, 8, 8, 8, 8]
    } _: { path in
      var options = DataOptions()
      #expect(try load(path, .train)?.labels == [260, 5])
      #expect(try load(path, .train)?.shape == Shape(2, 3, 1))
      (options.transpose, options.firstLabel) = (true, 3)
      let images = try #require(try load(path, .train, options))
      #expect(images.labels == [257, 2] && images.classes == 258 && images.shape == Shape(3, 2, 1))
      #expect(images.images == [0, 3, 1, 4, 2, 5, 6, 9, 7, 10, 8, 11])
    }
  }

  private func expectError(_ part: DataPart, _ expected: String, _ change: (inout [String: [UInt8]]) -> Void)
    throws
  {
    try directory(change) { path in
      let error = #expect(throws: DataError.self) { try load(path, part) }
      #expect(error?.description.contains(expected) == true, "\(error?.description ?? "")")
    }
  }

  @Test func saysWhatIsWrong() throws {
    try expectError(
      .train, "expected labels that count from 0, found 1 to 2; where 1 is the first class, say"
    ) {
      $0["train-labels-idx1-ubyte"] = [0, 0, 8, 1, 0, 0, 0, 2, 2, 1]
    }
    try expectError(.train, "ubyte, image 1: expected labels in 0..<1048576, found -1") {
      $0["train-labels-idx1-ubyte"] = [0, 0, 9, 1, 0, 0, 0, 2, 7, 255]
    }
    try expectError(
      .train, "expected one file of train images, found emnist-train-images-idx3-ubyte, train-images-idx3"
    ) {
      $0["emnist-train-images-idx3-ubyte"] = []
    }
    try expectError(.train, "expected 2 labels, one for each image of") {
      $0["train-labels-idx1-ubyte"] = [0, 0, 8, 1, 0, 0, 0, 1, 7]
    }
    try expectError(.test, "expected t10k-labels-idx1-ubyte or t10k-labels-idx1-ubyte.gz, found neither") {
      $0["t10k-labels-idx1-ubyte"] = nil
    }
    try expectError(.test, "expected images, found dimensions [0, 2, 2]") {
      $0["t10k-images.idx3-ubyte"] = [0, 0, 8, 3, 0, 0, 0, 0, 0, 0, 0, 2, 0, 0, 0, 2]
    }
    try withMissingPath { path in
      #expect(throws: DataError.self) { try DataSource(path: path) }
      try Foundation.Data().write(to: URL(fileURLWithPath: path))
      #expect(throws: DataError.self) { try DataSource(path: path) }
    }
  }

  @Test(.enabled(if: hasMNIST, Comment(rawValue: mnistHint)))
  func realMNIST() throws {
    let train = try #require(try load(mnistDirectory, .train))
    let test = try #require(try load(mnistDirectory, .test))
    #expect(train.count == 60_000 && test.count == 10_000 && train.shape == Shape(28, 28, 1))
    #expect(Array(train.labels.prefix(8)) == [5, 0, 4, 1, 9, 2, 1, 3])
    #expect(
      (0..<10).map { digit in test.labels.count { $0 == digit } } == [
        980, 1135, 1032, 1010, 982, 892, 958, 1028, 974, 1009,
      ])
    // The numbers that everybody normalises MNIST with.
    let normalization = Normalization(of: train)
    #expect(abs(normalization.mean[0] - 0.1307) < 5e-5 && abs(normalization.deviation[0] - 0.3081) < 5e-5)
  }
}
