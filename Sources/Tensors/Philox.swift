/// Philox4x32-10: a counter-based random number generator. A block is a pure function of key and counter, so
/// it does not matter who computes it or in which order.
///
/// Salmon, Moraes, Dror, Shaw: *Parallel random numbers: as easy as 1, 2, 3*, SC 2011.
package enum Philox {
  // Constants are computed properties: no initialisation to be checked for, they vanish in the code.
  private static var multipliers: SIMD2<UInt32> { SIMD2(0xD251_1F53, 0xCD9E_8D57) }
  private static var keySteps: SIMD2<UInt32> { SIMD2(0x9E37_79B9, 0xBB67_AE85) }

  /// Four random words for `counter` under `key`.
  package static func block(counter: SIMD4<UInt32>, key: SIMD2<UInt32>) -> SIMD4<UInt32> {
    var counter = counter
    var key = key
    for _ in 0..<9 {
      counter = round(counter, key)
      key &+= keySteps
    }
    return round(counter, key)
  }

  private static func round(_ counter: SIMD4<UInt32>, _ key: SIMD2<UInt32>) -> SIMD4<UInt32> {
    let first = UInt64(counter[0]) * UInt64(multipliers[0])
    let second = UInt64(counter[2]) * UInt64(multipliers[1])
    return SIMD4(
      UInt32(truncatingIfNeeded: second >> 32) ^ counter[1] ^ key[0], UInt32(truncatingIfNeeded: second),
      UInt32(truncatingIfNeeded: first >> 32) ^ counter[3] ^ key[1], UInt32(truncatingIfNeeded: first))
  }

  /// The blocks of eight counters, `counter` and the next ones in its first word, one after the other.
  ///
  /// A lane of 64 bits holds a word; a pair of lanes, in `even` words 0 and 2 of a counter, in `odd` 1 and 3.
  /// So a round is one product, its lanes swapped within pairs, and the words end up in order. What is in the
  /// upper halves does not matter: a product of 32-bit words, one instruction, does not look at them.
  package static func eightBlocks(counter: SIMD4<UInt32>, key: SIMD2<UInt32>) -> SIMD32<UInt32> {
    typealias Lanes = SIMD16<UInt64>
    func pairs(_ first: UInt32, _ second: UInt32) -> Lanes {
      var lanes = Lanes()
      lanes.evenHalf = SIMD8(repeating: UInt64(first))
      lanes.oddHalf = SIMD8(repeating: UInt64(second))
      return lanes
    }
    let (low, half) = (Lanes(repeating: 0xFFFF_FFFF), Lanes(repeating: 32))
    let multipliers = pairs(multipliers[0], multipliers[1])
    var even = pairs(counter[0], counter[2]) &+ Lanes(0, 0, 1, 0, 2, 0, 3, 0, 4, 0, 5, 0, 6, 0, 7, 0)
    var odd = pairs(counter[1], counter[3])
    var key = key
    for _ in 0..<10 {
      let products = (even & low) &* multipliers
      var swapped = products
      swapped.evenHalf = products.oddHalf
      swapped.oddHalf = products.evenHalf
      even = (swapped &>> half) ^ odd ^ pairs(key[0], key[1])
      odd = swapped
      key &+= keySteps
    }
    return unsafeBitCast((even & low) | (odd &<< half), to: SIMD32<UInt32>.self)
  }
}
