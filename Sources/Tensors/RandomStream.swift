import Glibc

/// What random numbers are for. Streams with different purposes never overlap.
package enum RandomPurpose: Equatable, Sendable {
  case initialization
  case shuffle
  case syntheticDigits
  case benchmark
  /// Which training images are held out.
  case validationSplit
  case augmentation
  case colorJitter
  case cutout
  /// Which images are mixed, and how.
  case mixing
  /// Dropout of the model's layer with this index.
  case dropout(layer: Int)

  var word: UInt32 {
    switch self {
    case .initialization: 1
    case .shuffle: 2
    case .syntheticDigits: 3
    case .benchmark: 4
    case .validationSplit: 5
    case .augmentation: 6
    case .colorJitter: 7
    case .cutout: 8
    case .mixing: 9
    case .dropout(let layer): 0x1000_0000 + UInt32(layer)
    }
  }
}

/// A stream of random numbers that is a pure function of (seed, purpose, time, index), see `Philox`.
///
/// `time` is the epoch or the step, `index` the sample or tensor.
package struct RandomStream: RandomNumberGenerator {
  private let key: SIMD2<UInt32>
  private var counter: SIMD4<UInt32>
  private var block = SIMD4<UInt32>(repeating: 0)
  private var used = 4

  package init(seed: UInt64, purpose: RandomPurpose, time: Int = 0, index: Int = 0) {
    key = SIMD2(UInt32(truncatingIfNeeded: seed), UInt32(truncatingIfNeeded: seed >> 32))
    counter = SIMD4(
      0, UInt32(truncatingIfNeeded: index), UInt32(truncatingIfNeeded: time), purpose.word)
  }

  package mutating func next() -> UInt32 {
    if used == 4 {
      block = Philox.block(counter: counter, key: key)
      counter[0] &+= 1
      used = 0
    }
    defer { used += 1 }
    return block[used]
  }

  /// What 32 calls of `next` give, much faster.
  /// - Precondition: a multiple of four words was drawn before.
  package mutating func next32() -> SIMD32<UInt32> {
    precondition(used == 4, "next32() within a block")
    defer { counter[0] &+= 8 }
    return Philox.eightBlocks(counter: counter, key: key)
  }

  package mutating func next() -> UInt64 {
    UInt64(next() as UInt32) | UInt64(next() as UInt32) << 32
  }

  /// Uniform in [0, 1), a multiple of 2^-24.
  package mutating func uniform() -> Float { Float(next() >> 8 as UInt32) * 0x1p-24 }

  /// Uniform in [low, high).
  package mutating func uniform(_ low: Float, _ high: Float) -> Float { low + (high - low) * uniform() }

  /// Normal with mean 0 and standard deviation 1 (Box and Muller 1958).
  package mutating func normal() -> Float {
    let radius = (-2 * logf(1 - uniform())).squareRoot()
    return radius * cosf(2 * .pi * uniform())
  }

  /// Uniform in 0..<bound, without bias (Lemire 2019).
  /// - Precondition: `bound > 0`.
  package mutating func integer(below bound: Int) -> Int {
    precondition(bound > 0 && bound <= Int(UInt32.max), "integer(below: \(bound))")
    let bound = UInt32(bound)
    let threshold = (0 &- bound) % bound
    while true {
      let product = UInt64(next() as UInt32) * UInt64(bound)
      if UInt32(truncatingIfNeeded: product) >= threshold { return Int(product >> 32) }
    }
  }
}
