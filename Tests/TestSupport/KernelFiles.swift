import Foundation
import System

/// Calls `body` with files of `/proc` and `/sys` that have these contents.
package func withKernelFiles<Result>(
  _ files: [String: String], _ body: (KernelFiles) throws -> Result
) throws -> Result {
  try withTemporaryDirectory { root in
    for (path, text) in files {
      let file = URL(fileURLWithPath: root + path)
      try FileManager.default.createDirectory(
        at: file.deletingLastPathComponent(), withIntermediateDirectories: true)
      try text.write(to: file, atomically: true, encoding: .utf8)
    }
    return try body(KernelFiles(root: root))
  }
}
