import Foundation

/// The shape text and the numbers of a NumPy file of 32-bit floats.
package func readNPY(_ path: String) throws -> (header: String, numbers: [Float]) {
  let bytes = [UInt8](try Data(contentsOf: URL(fileURLWithPath: path)))
  let start = 10 + Int(bytes[8]) + Int(bytes[9]) << 8
  let numbers = stride(from: start, to: bytes.count, by: 4).map { place in
    Float(bitPattern: (0..<4).reduce(0) { $0 | UInt32(bytes[place + $1]) << (8 * UInt32($1)) })
  }
  return (String(decoding: bytes[10..<start], as: UTF8.self), numbers)
}
