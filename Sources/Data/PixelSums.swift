/// Sums over pixels and their squares, by channel: whole numbers, so that parts add up to the same in any order.
package struct PixelSums: Sendable {
  /// Pixels a channel.
  package private(set) var count = 0
  package private(set) var sums: [Int]
  package private(set) var squares: [Int]

  package init(channels: Int) {
    sums = [Int](repeating: 0, count: channels)
    squares = sums
  }

  /// - Parameter pixels: (..., channels)
  package mutating func add(_ pixels: Span<UInt8>) {
    let channels = sums.count
    for channel in 0..<channels {
      var (sum, square) = (0, 0)
      for index in stride(from: channel, to: pixels.count, by: channels) {
        let value = Int(pixels[unchecked: index])
        sum += value
        square += value * value
      }
      sums[channel] += sum
      squares[channel] += square
    }
    count += pixels.count / channels
  }

  package static func += (sum: inout Self, other: Self) {
    sum.count += other.count
    for channel in sum.sums.indices {
      sum.sums[channel] += other.sums[channel]
      sum.squares[channel] += other.squares[channel]
    }
  }

  /// All its numbers: count, sums and squares.
  package var numbers: [Int] { [count] + sums + squares }

  package init(numbers: [Int]) {
    let channels = (numbers.count - 1) / 2
    count = numbers[0]
    sums = Array(numbers[1...channels])
    squares = Array(numbers[(channels + 1)...])
  }
}
