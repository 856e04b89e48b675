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
