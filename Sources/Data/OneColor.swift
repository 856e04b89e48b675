extension Span<UInt8> {
  /// All pixels of an image of several, (..., channels), are the same.
  package func isOneColor(channels: Int) -> Bool {
    count > channels
      && (channels..<count).allSatisfy { self[unchecked: $0] == self[unchecked: $0 - channels] }
  }
}
