import Files
import Tensors

/// Whatever a file holds, its tensors are whole, which `NamedTensor` checks, or it is refused in one line that
/// begins with its path.
func check(_ read: () throws(FileError) -> [NamedTensor]) {
  do { _ = try read() } catch {
    let message = error.description
    let isOneLine = !message.unicodeScalars.contains { $0.properties.generalCategory == .control }
    if !message.hasPrefix("f") || !isOneLine { fatalError("a message of several lines: \(message)") }
  }
}
