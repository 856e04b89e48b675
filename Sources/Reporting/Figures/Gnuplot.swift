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
    let process = try start(program, input, output, errors)
    guard let status = wait(for: process, seconds) else {
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

  private static func start(
    _ program: String, _ input: borrowing TemporaryFile, _ output: borrowing TemporaryFile,
    _ errors: borrowing TemporaryFile
  ) throws(FigureError) -> pid_t {
    var files = posix_spawn_file_actions_t()
    posix_spawn_file_actions_init(&files)
    defer { posix_spawn_file_actions_destroy(&files) }
    posix_spawn_file_actions_adddup2(&files, input.descriptor, STDIN_FILENO)
    posix_spawn_file_actions_adddup2(&files, output.descriptor, STDOUT_FILENO)
    posix_spawn_file_actions_adddup2(&files, errors.descriptor, STDERR_FILENO)
    // No signal blocked or ignored that this program blocks or ignores.
    var attributes = posix_spawnattr_t()
    posix_spawnattr_init(&attributes)
    defer { posix_spawnattr_destroy(&attributes) }
    let signalFlags = resetSignals(&attributes)
    posix_spawnattr_setflags(&attributes, signalFlags)

    // -d: without the settings of the user's own.
    let words: [UnsafeMutablePointer<CChar>?] = [program, "-d", "-"].map { (word: String) in strdup(word) }
    defer { for word in words { free(word) } }
    var process: pid_t = 0
    let code = posix_spawnp(&process, program, &files, &attributes, words + [nil], environ)
    guard code == 0 else {
      let hint = code == ENOENT ? "; to install it: apt install gnuplot-nox" : ""
      throw FigureError(
        description: "expected the program \(program), found \"\(String(cString: strerror(code)))\"\(hint)")
    }
    return process
  }

  /// Waits until a process has ended, and kills it after a while.
  ///
  /// - Returns: its exit code, 128 + n after signal n; nil when it was killed here.
  private static func wait(for process: pid_t, _ seconds: Double) -> Int32? {
    let start = ContinuousClock.now
    var status: Int32 = 0
    while true {
      let ended = waitpid(process, &status, WNOHANG)
      // Somebody else has waited for it: what it wrote tells.
      if ended < 0 && errno != EINTR { return 0 }
      if ended == process { return status & 0x7F == 0 ? status >> 8 & 0xFF : 128 + status & 0x7F }
      guard ContinuousClock.now - start < .seconds(seconds) else { break }
      usleep(2000)
    }
    kill(process, SIGKILL)
    waitpid(process, &status, 0)
    return nil
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
