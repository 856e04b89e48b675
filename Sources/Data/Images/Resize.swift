import Tensors

/// How pixels between those of an image are found.
package enum Interpolation: String, Sendable, Codable, CaseIterable {
  /// A triangle, which reaches one pixel far.
  case bilinear
  /// Keys' cubic with a = -1/2, which reaches two pixels far.
  case bicubic

  /// How far it reaches.
  fileprivate var support: Double { self == .bilinear ? 1 : 2 }

  /// The weight of a pixel at a distance.
  fileprivate func weight(at distance: Double) -> Double {
    let x = abs(distance)
    switch self {
    case .bilinear: return max(1 - x, 0)
    case .bicubic where x < 1: return (1.5 * x - 2.5) * x * x + 1
    case .bicubic where x < 2: return (((x - 5) * x + 8) * x - 4) * -0.5
    case .bicubic: return 0
    }
  }
}

extension DecodedImage {
  /// The image in another size, by a filter that is as wide as an output pixel where the image shrinks:
  /// `BILINEAR` or `BICUBIC` of Pillow 13, with its arithmetic (weights of 22 bits, bytes between the passes) and
  /// its order of the passes, so that the bytes are those that a model sees which was trained with
  /// torchvision.
  ///
  /// - Parameters:
  ///   - rows, columns: the part of it that is wanted; nil for all. No more is computed than that needs.
  package func resized(
    height: Int, width: Int, _ interpolation: Interpolation = .bilinear, rows: Range<Int>? = nil,
    columns: Range<Int>? = nil
  ) -> DecodedImage {
    precondition(height > 0 && width > 0, "resize to \(height)x\(width)")
    return resized(
      ResizeFilter(interpolation, from: shape.height, scale.rows, to: height, positions: rows),
      ResizeFilter(interpolation, from: shape.width, scale.columns, to: width, positions: columns))
  }

  /// A part of the image in another size; the pixels around it do not count.
  ///
  /// - Parameters rows, columns: the part, of the image in its own size, see `DecodingScale`.
  package func resized(
    height: Int, width: Int, _ interpolation: Interpolation, from rows: Range<Int>, _ columns: Range<Int>
  ) -> DecodedImage {
    let part = cropped(rows: scale.pixels(of: rows), columns: scale.pixels(of: columns))
    return part.resized(
      ResizeFilter(interpolation, from: part.shape.height, scale.place(of: rows), to: height),
      ResizeFilter(interpolation, from: part.shape.width, scale.place(of: columns), to: width))
  }

  private func resized(_ rowFilter: ResizeFilter, _ columnFilter: ResizeFilter) -> DecodedImage {
    let (height, width) = (rowFilter.newSize, columnFilter.newSize)
    let needed = cropped(rows: rowFilter.inputs, columns: columnFilter.inputs)
    // The order found in Pillow's output; it decides roundings, which are 1 of 255 at most.
    let rowsFirst = height < shape.height && shape.height - height > 2 * (shape.width - width)
    return rowsFirst
      ? needed.resizedRows(rowFilter).resizedColumns(columnFilter)
      : needed.resizedColumns(columnFilter).resizedRows(rowFilter)
  }

  /// A part of the image.
  package func cropped(rows: Range<Int>, columns: Range<Int>) -> DecodedImage {
    guard rows != 0..<shape.height || columns != 0..<shape.width else { return self }
    var target: [UInt8] = []
    target.reserveCapacity(rows.count * columns.count * shape.channels)
    for y in rows {
      let start = (y * shape.width + columns.lowerBound) * shape.channels
      target += pixels[start..<start + columns.count * shape.channels]
    }
    return DecodedImage(shape: Shape(rows.count, columns.count, shape.channels), pixels: target)
  }

  private func resizedColumns(_ filter: ResizeFilter) -> DecodedImage {
    guard !filter.isIdentity else { return self }
    let (channels, width, height) = (shape.channels, filter.count, shape.height)
    let rowBytes = shape.width * channels
    let target = [UInt8](unsafeUninitializedCapacity: height * width * channels) { target, count in
      pixels.withUnsafeBufferPointer { source in
        for y in 0..<height {
          filter.combineColumns(
            UnsafeBufferPointer(rebasing: source[(y * rowBytes)...]), channels: channels,
            into: target.baseAddress! + y * width * channels)
        }
      }
      count = height * width * channels
    }
    return DecodedImage(shape: Shape(height, width, channels), pixels: target)
  }

  private func resizedRows(_ filter: ResizeFilter) -> DecodedImage {
    guard !filter.isIdentity else { return self }
    let (row, height) = (shape.width * shape.channels, filter.count)
    let target = [UInt8](unsafeUninitializedCapacity: height * row) { target, count in
      pixels.withUnsafeBufferPointer { source in
        for y in 0..<height {
          filter.combineRows(
            at: y, source.baseAddress!, rowBytes: row, into: target.baseAddress! + y * row)
        }
      }
      count = height * row
    }
    return DecodedImage(shape: Shape(height, shape.width, shape.channels), pixels: target)
  }
}

/// What each output position of one axis takes of which input positions.
private struct ResizeFilter {
  /// All input positions that are taken from.
  let inputs: Range<Int>
  /// Nothing changes.
  let isIdentity: Bool
  /// The first of them that an output position takes from, counted from that of `inputs`, by output position.
  private let starts: [Int]
  /// The weights of the input positions from the first on, times 2^22, `taps` an output position: the last may be 0.
  private let weights: [Int32]
  /// The most input positions that an output position takes from.
  private let taps: Int
  /// All output positions, wanted or not.
  let newSize: Int

  private static let bits = 22

  /// - Parameters:
  ///   - size: input positions.
  ///   - place: from where to where of them, in parts of them too, is resized.
  ///   - positions: the output positions that are wanted; nil for all.
  init(
    _ interpolation: Interpolation, from size: Int, _ place: ClosedRange<Double>, to newSize: Int,
    positions: Range<Int>? = nil
  ) {
    let positions = positions ?? 0..<newSize
    self.newSize = newSize
    isIdentity = size == newSize && place == 0...Double(size)
    guard !isIdentity else {
      (inputs, starts, weights, taps) = (positions, [], [], 0)
      return
    }
    let scale = (place.upperBound - place.lowerBound) / Double(newSize)
    let shrinking = max(scale, 1)
    let (support, factor) = (interpolation.support * shrinking, 1 / shrinking)
    var (starts, weights): ([Int], [[Int32]]) = ([], [])
    for position in positions {
      let center = place.lowerBound + (Double(position) + 0.5) * scale
      let first = max(Int(center - support + 0.5), 0)
      let end = min(Int(center + support + 0.5), size)
      let raw = (first..<end).map { interpolation.weight(at: (Double($0) - center + 0.5) * factor) }
      let sum = raw.reduce(0, +)
      starts.append(first)
      weights.append(
        raw.map { Int32(($0 / sum * Double(1 << Self.bits)).rounded(.toNearestOrAwayFromZero)) })
    }
    let first = starts[0]
    inputs = first..<zip(starts, weights).map { $0 + $1.count }.max()!
    let taps = weights.map(\.count).max()!
    self.taps = taps
    self.starts = starts.map { $0 - first }
    self.weights = weights.flatMap { $0 + [Int32](repeating: 0, count: taps - $0.count) }
  }

  /// Number of output positions.
  var count: Int { isIdentity ? inputs.count : starts.count }

  private static let half = Int32(1) << (bits - 1)

  /// How many input positions, from its first on, an output position takes from: those that there are.
  @inline(__always)
  private func taps(at position: Int) -> Int { min(taps, inputs.count - starts[position]) }

  /// An output row, each byte of it from those above each other.
  ///
  /// - Parameters:
  ///   - source: (inputs, row bytes)
  ///   - target: (row bytes)
  func combineRows(
    at position: Int, _ source: UnsafePointer<UInt8>, rowBytes: Int, into target: UnsafeMutablePointer<UInt8>
  ) {
    let first = UnsafeRawPointer(source + starts[position] * rowBytes)
    let count = taps(at: position)
    weights.withUnsafeBufferPointer { all in
      let weights = all.baseAddress! + position * taps
      var index = 0
      while index &+ 16 <= rowBytes {
        var sum = SIMD16<Int32>(repeating: Self.half)
        for tap in 0..<count {
          let bytes = (first + (tap &* rowBytes &+ index)).loadUnaligned(as: SIMD16<UInt8>.self)
          sum = sum &+ widened(bytes) &* SIMD16(repeating: weights[tap])
        }
        let values = (sum &>> SIMD16(repeating: Int32(Self.bits))).clamped(
          lowerBound: SIMD16(repeating: 0), upperBound: SIMD16(repeating: 255))
        let bytes = SIMD16<UInt8>(truncatingIfNeeded: values)
        UnsafeMutableRawPointer(target + index).storeBytes(of: bytes, as: SIMD16<UInt8>.self)
        index &+= 16
      }
      while index < rowBytes {
        var sum = Self.half
        for tap in 0..<count {
          sum &+= Int32((first + (tap &* rowBytes &+ index)).load(as: UInt8.self)) &* weights[tap]
        }
        target[index] = Self.byte(sum)
        index &+= 1
      }
    }
  }

  /// An output row, each pixel of it from those beside each other.
  ///
  /// - Parameters:
  ///   - source: (inputs, channels), maybe with more behind.
  ///   - target: (outputs, channels)
  func combineColumns(
    _ source: UnsafeBufferPointer<UInt8>, channels: Int, into target: UnsafeMutablePointer<UInt8>
  ) {
    let bytes = UnsafeRawPointer(source.baseAddress!)
    // A pixel of three bytes is loaded as four where there are so many.
    let safe = channels == 3 ? (source.count - 1) / 3 : 0
    weights.withUnsafeBufferPointer { all in
      for x in 0..<starts.count {
        let (start, count) = (starts[x], taps(at: x))
        let weights = all.baseAddress! + x &* taps
        if channels == 3 && start &+ count <= safe {
          var sum = SIMD4<Int32>(repeating: Self.half)
          for tap in 0..<count {
            let word = (bytes + 3 &* (start &+ tap)).loadUnaligned(as: UInt32.self)
            let lanes =
              (SIMD4<UInt32>(repeating: word) &>> SIMD4(0, 8, 16, 24)) & SIMD4(repeating: 0xFF)
            sum =
              sum &+ unsafeBitCast(lanes, to: SIMD4<Int32>.self) &* SIMD4(repeating: weights[tap])
          }
          target[3 &* x] = Self.byte(sum[0])
          target[3 &* x &+ 1] = Self.byte(sum[1])
          target[3 &* x &+ 2] = Self.byte(sum[2])
        } else {
          for channel in 0..<channels {
            var sum = Self.half
            for tap in 0..<count {
              sum &+= Int32(source[(start &+ tap) &* channels &+ channel]) &* weights[tap]
            }
            target[x &* channels &+ channel] = Self.byte(sum)
          }
        }
      }
    }
  }

  @inline(__always)
  private static func byte(_ sum: Int32) -> UInt8 {
    UInt8(truncatingIfNeeded: min(max(sum &>> Int32(bits), 0), 255))
  }
}

/// The bytes as numbers of 32 bits.
@inline(__always)
private func widened(_ bytes: SIMD16<UInt8>) -> SIMD16<Int32> {
  SIMD16<Int32>(truncatingIfNeeded: bytes)
}
