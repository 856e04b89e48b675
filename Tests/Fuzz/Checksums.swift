import CZlib

/// Puts the checksums of stored entries right.
///
/// An archive's directory has for each entry a header of 46 bytes: method at 10, CRC-32 at 16, size at 20, length of
/// the name at 28 and place of the header before the data at 42, which has 30 bytes and the lengths of name and extra
/// field at 26. Source: PKWARE, APPNOTE.TXT, 4.3.7 and 4.3.12.
///
/// - Returns: whether any was wrong.
func repairChecksums(_ bytes: inout [UInt8]) -> Bool {
  func number(_ place: Int, _ count: Int) -> Int {
    bytes[place..<place + count].reversed().reduce(0) { $0 << 8 | Int($1) }
  }
  var isChanged = false
  for place in bytes.indices.dropLast(45) where bytes[place...].starts(with: [0x50, 0x4B, 1, 2]) {
    let (local, size) = (number(place + 42, 4), number(place + 20, 4))
    guard number(place + 10, 2) == 0, local + 30 <= bytes.count else { continue }
    let start = local + 30 + number(local + 26, 2) + number(local + 28, 2)
    guard size > 0, start + size <= bytes.count else { continue }
    let sum = bytes[start..<start + size].withUnsafeBufferPointer { crc32(0, $0.baseAddress, UInt32(size)) }
    guard sum != number(place + 16, 4) else { continue }
    for index in 0..<4 { bytes[place + 16 + index] = UInt8(truncatingIfNeeded: sum >> (8 * UInt(index))) }
    isChanged = true
  }
  return isChanged
}
