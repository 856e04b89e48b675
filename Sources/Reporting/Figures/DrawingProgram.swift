import Glibc
import System

/// Why there is no picture.
package struct FigureError: Error, CustomStringConvertible {
  package let description: String
}

/// A program that reads a script and writes a picture.
package struct DrawingProgram: Sendable {
  /// What people call it.
  let name: String
  /// Its name on the PATH, or its path, and the arguments.
  var words: [String]
  /// The Debian package that has it.
  let package: String

  /// Draws figures: reads its own language, whose terminal names the format.
  package static let gnuplot = DrawingProgram(
    // -d: without the settings of the user's own.
    name: "gnuplot", words: ["gnuplot", "-d", "-"], package: "gnuplot-nox")

  /// Draws graphs: reads DOT.
  package static func graphviz(_ format: FigureFormat) -> DrawingProgram {
    DrawingProgram(name: "Graphviz", words: ["dot", "-T\(format.rawValue)"], package: "graphviz")
  }

  /// The same with another executable.
  package func running(_ program: String) -> DrawingProgram {
    DrawingProgram(name: name, words: [program] + words.dropFirst(), package: package)
  }

  /// Says whether it is on the PATH.
  package var isInstalled: Bool {
    (getenv("PATH").map { String(cString: $0) } ?? "").split(separator: ":").contains {
      access("\($0)/\(words[0])", X_OK) == 0
    }
  }

  /// Runs a script and returns the picture that it writes to its standard output.
  ///
  /// Input, output and errors are files: nothing can get stuck on a full pipe.
  ///
  /// - Parameter seconds: after which it is killed.
  package func draw(_ script: String, timeLimit seconds: Double = 20) throws(FigureError) -> [UInt8] {
    try draw(Array(script.utf8), timeLimit: seconds)
  }

  /// The same with a script that has other bytes than text in it.
  func draw(_ script: [UInt8], timeLimit seconds: Double = 20) throws(FigureError) -> [UInt8] {
    let input = try TemporaryFile()
    let output = try TemporaryFile()
    let errors = try TemporaryFile()
    input.write(script)
    guard let status = try run(input, output, errors, seconds) else {
      throw FigureError(description: "\(name): expected a picture within \(Int(seconds)) s, found none")
    }
    let picture = output.contents
    guard status == 0, !picture.isEmpty else {
      let said = String(decoding: errors.contents, as: UTF8.self).split(separator: "\n")
        .map { $0.drop { $0 == " " || $0 == "^" } }.filter { !$0.isEmpty }
      let message = said.suffix(2).joined(separator: ": ")
      throw FigureError(description: "\(name): expected a picture, found \"\(message)\", status \(status)")
    }
    return picture
  }

  /// Returns the program's exit code; nil when it was killed as its time was over.
  private func run(
    _ input: borrowing TemporaryFile, _ output: borrowing TemporaryFile,
    _ errors: borrowing TemporaryFile, _ seconds: Double
  ) throws(FigureError) -> Int32? {
    do {
      let process = try ChildProcess(
        words, input: .descriptor(input.descriptor), output: .descriptor(output.descriptor),
        errors: .descriptor(errors.descriptor))
      if let code = try process.wait(atMost: seconds) { return code }
      process.send(SIGKILL)
      _ = try process.wait(atMost: 1)
      return nil
    } catch {
      let hint = error.code == ENOENT ? "; to install it: apt install \(package)" : ""
      throw FigureError(description: "\(error)\(hint)")
    }
  }
}

/// A file without a name.
private struct TemporaryFile: ~Copyable {
  private let file: UnsafeMutablePointer<FILE>
  var descriptor: Int32 { fileno(file) }

  init() throws(FigureError) {
    guard let file = tmpfile() else {
      let found = String(cString: strerror(errno))
      throw FigureError(description: "expected a temporary file to draw with, found \"\(found)\"")
    }
    self.file = file
  }

  deinit { fclose(file) }

  /// Writes bytes at the start, which is then read from first.
  func write(_ bytes: [UInt8]) {
    var written = 0
    while written < bytes.count {
      let count = bytes.withUnsafeBytes {
        pwrite(descriptor, $0.baseAddress! + written, bytes.count - written, off_t(written))
      }
      guard count > 0 || errno == EINTR else { return }  // The program says that its script ends.
      written += max(count, 0)
    }
  }

  var contents: [UInt8] {
    let size = max(Int(lseek(descriptor, 0, SEEK_END)), 0)
    return [UInt8](unsafeUninitializedCapacity: size) { buffer, count in
      count = max(pread(descriptor, buffer.baseAddress, size, 0), 0)
    }
  }
}
