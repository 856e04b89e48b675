import Data
import Files
import Foundation
import Tensors
import TestSupport
import Testing

/// What holds for data sets of every form whose files are read at once.
@Suite struct WholeFilesTests {
  /// A file of MNIST's form with images of 2 x 3 pixels, or their labels.
  private static func idx(_ dimensions: [UInt8]) -> [UInt8] {
    [0, 0, 8, UInt8(dimensions.count)] + dimensions.flatMap { [0, 0, 0, $0] }
      + [UInt8](repeating: 0, count: dimensions.reduce(1) { $0 * Int($1) })
  }

  private static let (images, labels) = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte")

  /// Memory is known before it is taken: that of all pixels, and of what is in memory beside them.
  @Test func memoryIsKnownBefore() throws {
    let record = [UInt8](repeating: 0, count: 3073)
    let cases: [([String: [UInt8]], Int)] = [
      ([Self.images: Self.idx([4, 2, 3]), Self.labels: Self.idx([4])], 24),
      (["data_batch_1.bin": record + record, "data_batch_2.bin": record], 5 * 3073),
      (["a/1.png": smallPNG, "b/1.png": smallPNG], 0),
    ]
    for (files, expected) in cases {
      try withFiles(files) { path throws in
        #expect(try DataSource(path: path).memory(.train) == expected)
        #expect(try DataSource(path: path).memory(.test) == 0)
        // Without test images some are held out of the others.
        #expect(try loadData(path, .test) == nil && loadData(path) != nil)
      }
    }
    var turned = DataOptions()
    turned.transpose = true
    try withFiles(cases[0].0) { path throws in
      #expect(try DataSource(path: path, turned).memory(.train) == 48)
    }
  }

  @Test(.enabled(if: isCI || Python.isThere, Comment(rawValue: Python.hint)))
  func memoryOfArchivesIsKnownBefore() throws {
    try withTemporaryDirectory { path in
      let script = """
        import sys, numpy as np
        for number, count in enumerate((2, 3)):
            np.savez_compressed(f"{sys.argv[1]}/{number}.npz", x_train=np.zeros((count, 20, 30), "u1"), y_train=np.zeros(count, int),
                x_test=np.zeros((1, 20, 30), "u1"), y_test=np.zeros(1, int))
        """
      _ = try Python.run(script, [path])
      let source = try DataSource(path: path)
      // An array has a header of 128 bytes.
      #expect(try source.memory(.train) == 5 * 600 + 2 * 128 + 3 * 600 + 128)
      #expect(try source.memory(.test) == 2 * (600 + 128) + 600 + 128)
    }
  }

  /// A named pipe in the place of any file is named, and nobody waits for a program that writes to it.
  @Test(
    .timeLimit(.minutes(1)),
    arguments: [
      images, labels, "data_batch_1.bin", "train.bin", "a.npz", "a.tar", "pack.json",
    ])
  func pipesAreNamed(_ name: String) throws {
    let others = name == Self.labels ? [Self.images: Self.idx([4, 2, 3])] : [Self.labels: Self.idx([4])]
    try withFiles(name.hasPrefix("train-") ? others : [:]) { path throws in
      #expect(mkfifo("\(path)/\(name)", 0o600) == 0)
      expectDataError(path, "\(path)/\(name): expected ")
      expectDataError(
        path, "found a named pipe; what comes out of it has to be in a file")
    }
  }
}
