/// The shape of one sample's activation: height x width x channels, channels fastest (NHWC without the N).
///
/// A vector of K features is 1 x 1 x K.
package struct Shape: Equatable, Hashable, Sendable, CustomStringConvertible {
  package var height: Int
  package var width: Int
  package var channels: Int

  package init(_ height: Int, _ width: Int, _ channels: Int) {
    self.height = height
    self.width = width
    self.channels = channels
  }

  /// A vector of `features` numbers: 1 x 1 x features.
  package init(features: Int) { self.init(1, 1, features) }

  /// Number of elements.
  package var count: Int { height * width * channels }

  package var description: String {
    height == 1 && width == 1 ? "\(channels)" : "\(height)x\(width)x\(channels)"
  }
}

extension Shape: Codable {
  /// As JSON: `[height, width, channels]`.
  package init(from decoder: any Decoder) throws {
    let sizes = try decoder.singleValueContainer().decode([Int].self)
    guard sizes.count == 3, sizes.allSatisfy({ $0 > 0 }) else {
      throw DecodingError.dataCorrupted(
        .init(
          codingPath: decoder.codingPath,
          debugDescription: "expected [height, width, channels], three numbers above 0, found \(sizes)"))
    }
    self.init(sizes[0], sizes[1], sizes[2])
  }

  package func encode(to encoder: any Encoder) throws {
    var container = encoder.singleValueContainer()
    try container.encode([height, width, channels])
  }
}
