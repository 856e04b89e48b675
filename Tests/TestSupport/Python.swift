import Foundation

/// A Python with PyTorch, for tests against it.
package enum Python {
  /// `CNN_MPI_PYTHON`, or where `jobs/setup.sh` puts one.
  package static let path =
    ProcessInfo.processInfo.environment["CNN_MPI_PYTHON"] ?? "\(packageRoot)/.build/pytorch/bin/python"

  /// It is there. Tests that need it are skipped, and say so, where it is not.
  package static let isThere = FileManager.default.isExecutableFile(atPath: path)

  package static let hint = "no Python with PyTorch; jobs/test.sh installs it, or CNN_MPI_PYTHON names one"

  /// What a script prints.
  ///
  /// - Throws: `PythonError` with its error output when it fails.
  package static func run(_ script: String, _ arguments: [String] = []) throws -> String {
    let process = Process()
    process.executableURL = URL(fileURLWithPath: path)
    process.arguments = ["-c", script] + arguments
    let output = Pipe()
    process.standardOutput = output
    return try withTemporaryDirectory { directory in
      // A file, as a pipe could fill up unread while the other is read.
      let errors = "\(directory)/errors"
      _ = FileManager.default.createFile(atPath: errors, contents: nil)
      process.standardError = FileHandle(forWritingAtPath: errors)
      try process.run()
      let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
      process.waitUntilExit()
      guard process.terminationStatus == 0 else {
        throw PythonError(description: try String(contentsOfFile: errors, encoding: .utf8))
      }
      return text
    }
  }
}

package struct PythonError: Error, CustomStringConvertible {
  package let description: String
}
