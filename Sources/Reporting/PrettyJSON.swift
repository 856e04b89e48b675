import Foundation

/// A value as JSON for people and programs: indented, keys sorted and in snake case, numbers that are not
/// finite as the texts `inf`, `-inf` and `nan`; ends with a new line. `decodeJSON` reads it, with keys converted
/// from snake case.
package func prettyJSON(_ value: some Encodable) throws -> [UInt8] {
  let encoder = JSONEncoder()
  encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
  encoder.keyEncodingStrategy = .convertToSnakeCase
  encoder.dateEncodingStrategy = .iso8601
  encoder.nonConformingFloatEncodingStrategy = .convertToString(
    positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
  return try Array(encoder.encode(value)) + [UInt8(ascii: "\n")]
}
