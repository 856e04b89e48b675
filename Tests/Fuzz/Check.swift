import Files

/// Whatever a file holds, it is read whole, as what is made of it checks, or refused in one line that begins with its
/// path.
func check(path: String = "f", _ read: () throws(FileError) -> Void) {
  do { try read() } catch {
    let message = error.description
    let isOneLine = !message.unicodeScalars.contains { $0.properties.generalCategory == .control }
    if !message.hasPrefix(path) || !isOneLine { fatalError("a message of several lines: \(message)") }
  }
}
