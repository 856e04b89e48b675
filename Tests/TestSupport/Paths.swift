import Foundation

/// The package's root directory.
package let packageRoot = URL(fileURLWithPath: #filePath).deletingLastPathComponent()
  .deletingLastPathComponent().deletingLastPathComponent().path

/// A model file for MNIST's images with branches and all kinds of layers.
package let branchingModel = "\(packageRoot)/Tests/Golden/branching.json"

/// The directory with MNIST's four files: `CNN_MPI_MNIST`, or beside the package.
package let mnistDirectory =
  ProcessInfo.processInfo.environment["CNN_MPI_MNIST"] ?? "\(packageRoot)/../shared/data/mnist"

/// Continuous integration runs the tests, which says so in the environment: what tests need has to be there.
package let isCI = !["", "0", "false"].contains(ProcessInfo.processInfo.environment["CI"] ?? "")

/// MNIST is there. Tests of it are skipped, and say so, where it is not.
package let hasMNIST = FileManager.default.fileExists(atPath: mnistDirectory)

/// Where to put MNIST, for the comment of tests that are skipped.
package let mnistHint = "no MNIST in ../shared/data/mnist; CNN_MPI_MNIST names another directory"

/// The archive of CIFAR-10's images as JPEG files, `train/cat/0000.jpg`: `CNN_MPI_CIFAR`, or beside the package.
package let cifarArchive =
  ProcessInfo.processInfo.environment["CNN_MPI_CIFAR"] ?? "\(packageRoot)/../shared/data/cifar10.tar.gz"

/// CIFAR-10 is there. Tests of it are skipped, and say so, where it is not.
package let hasCIFAR = FileManager.default.fileExists(atPath: cifarArchive)

/// Where to put CIFAR-10, for the comment of tests that are skipped.
package let cifarHint = "no CIFAR-10 in ../shared/data/cifar10.tar.gz; CNN_MPI_CIFAR names another archive"

/// Makes a new directory for a test and returns its path.
package func makeTemporaryDirectory() throws -> String {
  let path = NSTemporaryDirectory() + "cnn-mpi-test-\(UUID().uuidString)"
  try FileManager.default.createDirectory(atPath: path, withIntermediateDirectories: true)
  return path
}

/// Calls `body` with a new directory and removes it afterwards.
package func withTemporaryDirectory<Result>(_ body: (String) throws -> Result) throws -> Result {
  let path = try makeTemporaryDirectory()
  defer { try? FileManager.default.removeItem(atPath: path) }
  return try body(path)
}

/// Calls `body` with a path where there is nothing, in a directory that there is.
package func withMissingPath<Result>(_ body: (String) throws -> Result) throws -> Result {
  try withTemporaryDirectory { try body("\($0)/missing") }
}
