import Foundation

/// A Python with the packages that some tests compare with: `CNN_MPI_PYTHON`, or that of `.build/pytorch`.
package let python =
  ProcessInfo.processInfo.environment["CNN_MPI_PYTHON"] ?? "\(packageRoot)/.build/pytorch/bin/python"

/// Python can import a module. Tests with it are skipped, and say so, where it cannot.
package func pythonHas(_ module: String) -> Bool {
  (try? runPython("import \(module)", [])) != nil
}

/// Where to get Python's packages, for the comment of tests that are skipped.
package let pythonHint =
  "no Python with the module in .build/pytorch; CNN_MPI_PYTHON names another interpreter"

/// gnuplot is there, for tests that draw.
package let hasGnuplot = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").contains {
  FileManager.default.isExecutableFile(atPath: "\($0)/gnuplot")
}

package let gnuplotHint = "no gnuplot; to install it: apt install gnuplot-nox"

/// What a script prints, run by `python`.
///
/// - Throws: `PythonError` with what it wrote to standard error when it fails.
package func runPython(_ script: String, _ arguments: [String]) throws -> String {
  let process = Process()
  process.executableURL = URL(fileURLWithPath: python)
  process.arguments = ["-c", script] + arguments
  let (output, errors) = (Pipe(), Pipe())
  process.standardOutput = output
  process.standardError = errors
  process.standardInput = FileHandle.nullDevice
  try process.run()
  // Short enough for a pipe's buffer.
  let text = String(decoding: output.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
  let message = String(decoding: errors.fileHandleForReading.readDataToEndOfFile(), as: UTF8.self)
  process.waitUntilExit()
  guard process.terminationStatus == 0 else { throw PythonError(message: message) }
  return text
}

package struct PythonError: Error {
  package let message: String
}
