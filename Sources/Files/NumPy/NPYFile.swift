/// Writes numbers as a NumPy file, version 1.0: `numpy.load` reads it.
///
///     0x93 "NUMPY", 1, 0, length of the header (2 bytes, little-endian), the header, the numbers
///
/// Source: numpy.lib.format.
package func writeNPY(_ numbers: [Float], shape: [Int], to path: String) throws(OutputError) {
  precondition(numbers.count == shape.reduce(1, *), "\(numbers.count) numbers, shape \(shape)")
  let sizes = shape.map { "\($0)," }.joined(separator: " ")
  var header = Array("{'descr': '<f4', 'fortran_order': False, 'shape': (\(sizes)), }".utf8)
  // Spaces and a new line, so that the numbers begin at a multiple of 64.
  header += [UInt8](repeating: UInt8(ascii: " "), count: 63 - (10 + header.count) % 64)
  header.append(UInt8(ascii: "\n"))
  var file = try AtomicFile(path: path)
  let start = [0x93] + Array("NUMPY".utf8) + [1, 0, UInt8(header.count & 0xFF), UInt8(header.count >> 8)]
  try file.append((start + header).span.bytes)
  try file.append(numbers.span.bytes)
  try file.commit()
}

/// Reads an array from the bytes of a NumPy file, version 1.0 to 3.0.
///
/// Corresponds to `numpy.load(..., allow_pickle=False)`: objects, which are pickled, are refused.
///
/// - Parameter place: of the file, for messages.
package func readNPY(_ bytes: [UInt8], place: String) throws(FileError) -> NumPyArray {
  let header = try NPYHeader(bytes, place: place)
  guard header.type.kind != .object else {
    throw FileError(
      place, expected: "an array of numbers", found: "one of Python objects, whose loading may run a program",
      hint: "where all have one shape, np.stack makes one array of them")
  }
  return try NumPyArray(
    header.type, shape: header.shape, isFortran: header.isFortran, bytes: bytes[header.length...],
    place: place)
}
