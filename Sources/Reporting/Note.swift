import System

/// Tells people something on standard error, so that standard output stays what was asked for.
package func printNote(_ text: String) {
  printError("cnn-mpi: note: \(text)")
}
