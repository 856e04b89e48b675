import Tensors
import TestSupport
import Testing

struct HalfPrecisionTests {
  /// What `format` makes of numbers in one step: the words, and what they leave out.
  private func compress(_ values: [Float], _ format: HalfPrecision) -> (words: [UInt16], residual: [Float]) {
    var words = [UInt16](repeating: 0, count: values.count)
    var residual = [Float](repeating: 0, count: values.count)
    var wordSpan = words.mutableSpan
    var residualSpan = residual.mutableSpan
    format.compress(values.span, residual: &residualSpan, into: &wordSpan)
    return (words, residual)
  }

  private func expand(_ words: [UInt16], _ format: HalfPrecision) -> [Float] {
    var values = [Float](repeating: 0, count: words.count)
    var span = values.mutableSpan
    format.expand(words.span, into: &span)
    return values
  }

  /// All words are their own roundings; but adding a residual of 0 makes 0 of -0.
  @Test(arguments: HalfPrecision.allCases) func allNumbersComeBack(_ format: HalfPrecision) {
    let words = (0...UInt16.max).filter { expand([$0], format)[0].isFinite && $0 != 0x8000 }
    let (again, residual) = compress(expand(words, format), format)
    #expect(zip(again, words).allSatisfy(==))
    #expect(residual.allSatisfy { $0 == 0 })
  }

  /// Ties go to even words; rounding and residual make up the number.
  @Test func roundsToNearestEven() {
    let ties: [(HalfPrecision, Float, Float)] = [
      (.bf16, 1 + 0x1p-8, 1), (.bf16, 1 + 3 * 0x1p-8, 1 + 0x1p-6), (.bf16, -1 - 0x1.8p-8, -1 - 0x1p-7),
      (.fp16, 1 + 0x1p-11, 1), (.fp16, 1 + 3 * 0x1p-11, 1 + 0x1p-9), (.fp16, 0x1.8p-24, 0x1p-23),
      (.fp16, 70_000, 65_504), (.fp16, -1e30, -65_504), (.bf16, 0x1p-140, 0),
    ]
    for (format, value, expected) in ties {
      let (words, residual) = compress([value], format)
      let rounded = expand(words, format)[0]
      #expect(rounded == expected, "\(format) of \(value)")
      #expect(rounded + residual[0] == value, "\(format) of \(value)")
    }
  }

  @Test func notANumberStaysSo() {
    for format in HalfPrecision.allCases {
      let words = compress([.nan, Float(bitPattern: 0x7FFF_FFFF), Float(bitPattern: 0xFFFF_FFFF)], format)
        .words
      #expect(expand(words, format).allSatisfy { $0.isNaN }, "\(format)")
    }
  }

  @Test func addsWhatItExpands() {
    for format in HalfPrecision.allCases {
      let words = compress((0..<100).map { Float($0) / 7 }, format).words
      var sum = (0..<100).map { Float($0 * $0) }
      let expected = zip(sum, expand(words, format)).map(+)
      var span = sum.mutableSpan
      format.add(words.span, to: &span)
      #expect(sum == expected)
    }
  }
}
