import Foundation
import TestSupport

/// A directory in MNIST's format with 4 training images and 2 test images, with a change.
func withData(_ change: (String) throws -> Void = { _ in }, _ body: (String) throws -> Void) throws {
  try withTemporaryDirectory { directory in
    func write(_ name: String, _ bytes: [UInt8]) throws {
      try Data(bytes).write(to: URL(fileURLWithPath: "\(directory)/\(name)"))
    }
    for (part, count) in [("train", 4), ("t10k", 2)] as [(String, UInt8)] {
      try write(
        "\(part)-images-idx3-ubyte",
        [0, 0, 8, 3, 0, 0, 0, count, 0, 0, 0, 28, 0, 0, 0, 28]
          + [UInt8](repeating: 7, count: 784 * Int(count)))
      try write("\(part)-labels-idx1-ubyte", [0, 0, 8, 1, 0, 0, 0, count] + (0..<count))
    }
    try change(directory)
    try body(directory)
  }
}
