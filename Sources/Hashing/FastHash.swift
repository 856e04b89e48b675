/// A 64-bit hash of bytes, at the speed of memory: sixteen lanes of multiply-and-rotate as in xxHash, mixed
/// at the end by MurmurHash3's finalizer. For noticing differences, not against forgers.
package func fastHash(_ bytes: RawSpan) -> UInt64 {
  let prime1 = SIMD16<UInt32>(repeating: 0x9E37_79B1)
  let prime2 = SIMD16<UInt32>(repeating: 0x85EB_CA77)
  var lanes = SIMD16<UInt32>(0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15) &* prime1
  let blocks = bytes.byteCount / 64
  for block in 0..<blocks {
    let words = unsafe bytes.unsafeLoadUnaligned(
      fromUncheckedByteOffset: 64 * block, as: SIMD16<UInt32>.self)
    lanes = lanes &+ words &* prime2
    lanes = (lanes &<< 13 | lanes &>> 19) &* prime1
  }
  var hash = UInt64(bytes.byteCount)
  func mix(_ word: UInt64) {
    hash = (hash ^ word) &* 0xFF51_AFD7_ED55_8CCD
    hash ^= hash >> 33
    hash = hash &* 0xC4CE_B9FE_1A85_EC53
    hash ^= hash >> 33
  }
  for lane in 0..<16 { mix(UInt64(lanes[lane])) }
  for offset in 64 * blocks..<bytes.byteCount {
    mix(UInt64(unsafe bytes.unsafeLoad(fromUncheckedByteOffset: offset, as: UInt8.self)))
  }
  return hash
}
