/// A floating-point format of 16 bits, for numbers on their way between ranks.
package enum HalfPrecision: String, CaseIterable, Codable, Sendable {
  /// bfloat16: the upper half of a Float, so its range with 8 significant bits.
  case bf16
  /// IEEE 754 binary16: 11 significant bits, from 6e-8 to 65,504.
  case fp16
}

extension HalfPrecision {
  /// What is sent of `values` + `residual`, rounded to nearest even; the error of that becomes the new
  /// residual, so that what a step leaves out comes with the next (error feedback, Seide et al. 2014,
  /// Karimireddy et al. 2019).
  ///
  /// fp16 keeps to its finite range; the rest is residual too.
  package func compress(
    _ values: Span<Float>, residual: inout MutableSpan<Float>, into words: inout MutableSpan<UInt16>
  ) {
    precondition(
      residual.count == values.count && words.count == values.count,
      "\(values.count) values, residuals \(residual.count), words \(words.count)")
    switch self {
    case .bf16:
      for index in values.indices {
        let value = values[unchecked: index] + residual[unchecked: index]
        let bits = value.bitPattern
        // Rounding up must not carry a NaN's bits away.
        let rounded = (value == value ? bits &+ 0x7FFF &+ (bits >> 16 & 1) : 0x7FC0_0000) & 0xFFFF_0000
        words[unchecked: index] = UInt16(truncatingIfNeeded: rounded >> 16)
        residual[unchecked: index] = value - Float(bitPattern: rounded)
      }
    case .fp16:
      let most = Float(Float16.greatestFiniteMagnitude)
      for index in values.indices {
        let value = values[unchecked: index] + residual[unchecked: index]
        let rounded = Float16(value > most ? most : value < -most ? -most : value)
        words[unchecked: index] = rounded.bitPattern
        residual[unchecked: index] = value - Float(rounded)
      }
    }
  }

  /// values = words.
  package func expand(_ words: Span<UInt16>, into values: inout MutableSpan<Float>) {
    precondition(words.count == values.count, "\(words.count) words into \(values.count) values")
    switch self {
    case .bf16:
      for index in words.indices {
        values[unchecked: index] = Float(bitPattern: UInt32(words[unchecked: index]) << 16)
      }
    case .fp16:
      for index in words.indices {
        values[unchecked: index] = Float(Float16(bitPattern: words[unchecked: index]))
      }
    }
  }

  /// sum += words, element by element.
  package func add(_ words: Span<UInt16>, to sum: inout MutableSpan<Float>) {
    precondition(words.count == sum.count, "\(words.count) words to \(sum.count) sums")
    switch self {
    case .bf16:
      for index in words.indices {
        sum[unchecked: index] += Float(bitPattern: UInt32(words[unchecked: index]) << 16)
      }
    case .fp16:
      for index in words.indices {
        sum[unchecked: index] += Float(Float16(bitPattern: words[unchecked: index]))
      }
    }
  }
}
