import Data
import Tensors
import TestSupport
import Testing

@Suite struct CIFARDirectoryTests {
  /// A record whose pixel (y, x) is (10 y, x, 7 + label).
  private func record(_ head: [UInt8]) -> [UInt8] {
    let places = (0..<1024).map { ($0 / 32, $0 % 32) }
    return head + places.map { UInt8(10 * $0.0 % 256) } + places.map { UInt8($0.1) }
      + [UInt8](repeating: 7 + head.last!, count: 1024)
  }

  private func load(_ path: String, _ part: DataPart) throws -> LabeledImages? {
    try DataSource(path: path).load(part, as: ImageInput(shape: Shape(32, 32, 3))) as? LabeledImages
  }

  @Test func readsRecordsOfBothKinds() throws {
    let ten = [
      "data_batch_1.bin": record([3]) + record([9]), "data_batch_2.bin": record([0]),
      "test_batch.bin": record([1]),
      "batches.meta.txt": Array("a\nb\nc\nd\ne\nf\ng\nh\ni\nj\n\n".utf8),
    ]
    try withFiles(ten) { path in
      let train = try #require(try load(path, .train))
      #expect(train.labels == [3, 9, 0] && train.classes == 10 && train.shape == Shape(32, 32, 3))
      #expect(train.classNames == ["a", "b", "c", "d", "e", "f", "g", "h", "i", "j"])
      #expect(try load(path, .test)?.labels == [1])
      for (image, label) in [(0, 3), (1, 9), (2, 0)] {
        for (y, x) in [(0, 0), (1, 2), (31, 30)] {
          let start = image * 3072 + (y * 32 + x) * 3
          #expect(
            Array(train.images[start..<start + 3]) == [UInt8(10 * y % 256), UInt8(x), UInt8(7 + label)])
        }
      }
    }
    try withFiles(["train.bin": record([5, 99]), "test.bin": record([5, 42])]) { path in
      let train = try #require(try load(path, .train))
      #expect(
        train.labels == [99] && train.classes == 100 && train.classNames == nil && train.images[2] == 106)
      #expect(try load(path, .test)?.labels == [42])
    }
  }

  @Test func saysWhatIsWrong() throws {
    func expectError(_ files: [String: [UInt8]], _ expected: String) throws {
      try withFiles(files) { path in
        let error = #expect(throws: DataError.self) { try load(path, .train) }
        #expect(error?.description.contains(expected) == true, "\(error?.description ?? "")")
      }
    }
    try expectError(
      ["data_batch_1.bin": Array(record([3]).dropLast())], "expected records of 3073 bytes, found 3072")
    try expectError(
      ["data_batch_1.bin": record([3]) + record([10])], "expected labels in 0..<10, found label 10 of image 1"
    )
    try expectError(
      ["data_batch_1.bin": record([3]), "batches.meta.txt": Array("a\nb\n".utf8)],
      "batches.meta.txt: expected the names of 10 classes, found 2")
  }
}
