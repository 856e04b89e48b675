import Glibc
import System

/// Why there is no picture.
package struct FigureError: Error, CustomStringConvertible {
  package let description: String
}

/// The program gnuplot, which draws figures.
package enum Gnuplot {
  /// Runs a script and returns the picture that it writes to its standard output.
  ///
  /// Input, output and errors are files: nothing can get stuck on a full pipe.
  ///
  /// - Parameters:
  ///   - program: a name on the PATH, or a path.
  ///   - seconds: after which it is killed.
  package static func draw(
    _ script: String, program: String = "gnuplot", timeLimit seconds: Double = 20
  ) throws(FigureError) -> [UInt8] {
    let input = try TemporaryFile()
    let output = try TemporaryFile()
    let errors = try TemporaryFile()
    input.write(Array(script.utf8))
    guard let status = try run(program, input, output, errors, seconds) else {
      throw FigureError(description: "gnuplot: expected a picture within \(Int(seconds)) s, found none")
    }
    let picture = output.contents
    guard status == 0, !picture.isEmpty else {
      let said = String(decoding: errors.contents, as: UTF8.self).split(separator: "\n")
        .map { $0.drop { $0 == " " || $0 == "^" } }.filter { !$0.isEmpty }
      let message = said.suffix(2).joined(separator: ": ")
      throw FigureError(description: "gnuplot: expected a picture, found \"\(message)\", status \(status)")
    }
    return picture
  }

  /// Returns gnuplot's exit code; nil when it was killed as its time was over.
  private static func run(
    _ program: String, _ input: borrowing TemporaryFile, _ output: borrowing TemporaryFile,
    _ errors: borrowing TemporaryFile, _ seconds: Double
  ) throws(FigureError) -> Int32? {
    do {
      // -d: without the settings of the user's own.
      let process = try ChildProcess(
        [program, "-d", "-"], input: .descriptor(input.descriptor), output: .descriptor(output.descriptor),
        errors: .descriptor(errors.descriptor))
      if let code = try process.wait(atMost: seconds) { return code }
      process.send(SIGKILL)
      _ = try process.wait(atMost: 1)
      return nil
    } catch {
      let hint = error.code == ENOENT ? "; to install it: apt install gnuplot-nox" : ""
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
      throw FigureError(description: "expected a temporary file for gnuplot, found \"\(found)\"")
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
      guard count > 0 || errno == EINTR else { return }  // gnuplot will say that its script ends too early.
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
