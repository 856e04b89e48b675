import Glibc

/// Tells people something on standard error, so that standard output stays what was asked for.
package func printNote(_ text: String) {
  let line = "cnn-mpi: note: \(text)\n"
  _ = line.withCString { write(STDERR_FILENO, $0, strlen($0)) }
}
