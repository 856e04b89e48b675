import Data
import Reporting
import Runs
import Tensors

/// How the values of an option are read and shown.
struct ValueKind<Value>: Sendable {
  /// What stands for the value in the help, such as `N`. Shells complete by it, see `CompletedValue`.
  let placeholder: String
  let parse: @Sendable (String) throws(ValueError) -> Value
  let show: @Sendable (Value) -> String
}

extension ValueKind<String> {
  /// Any text but the empty one.
  static func text(_ placeholder: String) -> Self {
    Self(
      placeholder: placeholder,
      parse: { text throws(ValueError) in
        guard !text.isEmpty else { throw ValueError(expected: "a text") }
        return text
      }, show: { $0 })
  }
}

extension ValueKind<Int> {
  /// A whole number of at least 1, or of another one.
  static func count(from least: Int = 1, upTo limit: Int = Int(Int32.max)) -> Self {
    Self(
      placeholder: "N",
      parse: { text throws(ValueError) in
        guard let count = Int(text), count >= least, count <= limit else {
          throw ValueError(expected: "a whole number from \(least) to \(limit)")
        }
        return count
      }, show: { "\($0)" })
  }
}

extension ValueKind<Int> {
  /// A whole number from 0 on.
  static var wholeNumber: Self {
    Self(
      placeholder: "N",
      parse: { text throws(ValueError) in
        guard let number = Int(text), number >= 0, number <= Int(Int32.max) else {
          throw ValueError(expected: "a whole number from 0 to \(Int32.max)")
        }
        return number
      }, show: { "\($0)" })
  }
}

extension ValueKind<Shape> {
  /// Height, width and channels of images.
  static var shape: Self {
    Self(
      placeholder: "HxWxC",
      parse: { text throws(ValueError) in
        let sizes = text.split(separator: "x", omittingEmptySubsequences: false).compactMap { Int($0) }
        guard sizes.count == 3, sizes.allSatisfy({ (1...1 << 14).contains($0) }),
          text.count { $0 == "x" } == 2
        else { throw ValueError(expected: "height, width and channels, such as 32x32x3") }
        return Shape(sizes[0], sizes[1], sizes[2])
      }, show: { "\($0.height)x\($0.width)x\($0.channels)" })
  }
}

extension ValueKind<NormalizationChoice> {
  static var normalization: Self {
    let names = NormalizationChoice.Known.allCases.map(\.rawValue)
    return Self(
      placeholder: "NAME|MEANS/DEVIATIONS",
      parse: { text throws(ValueError) in
        guard let choice = NormalizationChoice(text) else {
          throw ValueError(
            expected: "measured, \(names.joined(separator: ", ")), or numbers such as 0.5,0.5,0.5/0.2,0.2,0.2"
          )
        }
        return choice
      }, show: { $0.description })
  }
}

extension ValueKind<ColorJitter> {
  static var colorJitter: Self {
    Self(
      placeholder: "B[,C,S[,H]]",
      parse: { text throws(ValueError) in
        guard let jitter = ColorJitter(text) else {
          throw ValueError(expected: "1, 3 or 4 numbers from 0 on, such as 0.4,0.4,0.4,0.1; the last to 0.5")
        }
        return jitter
      }, show: { $0.description })
  }
}

extension ValueKind<SaveInterval> {
  static var interval: Self {
    Self(
      placeholder: "N|Nsteps|Nmin|none",
      parse: { text throws(ValueError) in
        guard let interval = SaveInterval(text) else {
          throw ValueError(expected: "epochs as 2, steps as 500steps, minutes as 10min, or none")
        }
        return interval
      }, show: { $0.description })
  }
}

extension ValueKind<UInt64> {
  static var seed: Self {
    Self(
      placeholder: "N",
      parse: { text throws(ValueError) in
        guard let seed = UInt64(text) else { throw ValueError(expected: "a whole number from 0 to 2^64 - 1") }
        return seed
      }, show: { "\($0)" })
  }
}

extension ValueKind<Double> {
  static var positive: Self { number("a number above 0") { $0 > 0 } }
  static var nonNegative: Self { number("a number of at least 0") { $0 >= 0 } }
  static var fraction: Self { number("a number above 0 and below 1") { $0 > 0 && $0 < 1 } }
  /// A share from 0 to 1, written as `1%` or `0.01`.
  static var percentage: Self {
    Self(
      placeholder: "X%",
      parse: { text throws(ValueError) in
        let isPercent = text.hasSuffix("%")
        guard let number = Double(isPercent ? String(text.dropLast()) : text),
          case let share = isPercent ? number / 100 : number, share >= 0, share <= 1
        else { throw ValueError(expected: "a share such as 1% or 0.01") }
        return share
      }, show: { "\(shortest($0 * 100))%" })
  }
  static var share: Self { number("a number from 0 to below 1") { $0 >= 0 && $0 < 1 } }

  /// The same numbers, for what is computed with in 32 bits: none that is infinite there or rounded to one of the
  /// bounds, as 1e-300 is to 0 and 0.999999999 to 1.
  var single: Self {
    Self(
      placeholder: placeholder,
      parse: { text throws(ValueError) in
        let number = try parse(text)
        let rounded = Double(Float(number))
        guard (rounded == 0) == (number == 0), (try? parse("\(rounded)")) != nil else {
          throw ValueError(expected: "a number that is not \(rounded) in 32-bit arithmetic")
        }
        return number
      }, show: show)
  }

  /// Ranks are heard of each second.
  static var stallLimit: Self { number("0 or a number of at least 3") { $0 == 0 || $0 >= 3 } }

  private static func number(_ expected: String, _ isAllowed: @escaping @Sendable (Double) -> Bool) -> Self {
    Self(
      placeholder: "X",
      parse: { text throws(ValueError) in
        guard let number = Double(text), number.isFinite, isAllowed(number) else {
          throw ValueError(expected: expected)
        }
        return number
      }, show: { Double(shortest($0)) == $0 ? shortest($0) : "\($0)" })
  }
}

extension ValueKind<[Double]> {
  /// One number, or several with commas between, that are finite in 32 bits.
  static var numbers: Self { numbers("numbers with commas between, finite in 32 bits") { $0.isFinite } }
  /// The same, above 0 and with finite reciprocals.
  static var positiveNumbers: Self {
    numbers("numbers above 0 with commas between, finite in 32 bits like their reciprocals") {
      $0.isNormal && $0 > 0
    }
  }

  /// Shares above 0 and up to 1.
  static var shares: Self {
    numbers("shares above 0 and up to 1 with commas between, such as 0.1,0.5,0.9") { $0 > 0 && $0 <= 1 }
  }

  private static func numbers(_ expected: String, _ isAllowed: @escaping @Sendable (Float) -> Bool) -> Self {
    Self(
      placeholder: "X,...",
      parse: { text throws(ValueError) in
        let parts = text.split(separator: ",", omittingEmptySubsequences: false)
        let numbers = parts.compactMap { Double($0) }.filter { isAllowed(Float($0)) }
        guard numbers.count == parts.count else { throw ValueError(expected: expected) }
        return numbers
      }, show: { $0.map(shortest).joined(separator: ",") })
  }
}

extension ValueKind<[String]> {
  /// One word, or several with commas between.
  static func words(_ placeholder: String) -> Self {
    Self(
      placeholder: placeholder,
      parse: { text throws(ValueError) in
        let words = text.split(separator: ",", omittingEmptySubsequences: false).map(String.init)
        guard words.allSatisfy({ !$0.isEmpty }) else {
          throw ValueError(expected: "words with commas between")
        }
        return words
      }, show: { $0.joined(separator: ",") })
  }
}

extension ValueKind
where Value: RawRepresentable<String> & CaseIterable & SendableMetatype, Value.AllCases: SendableMetatype {
  /// One of the names of an enumeration.
  static var choice: Self {
    Self(
      placeholder: Value.allCases.map(\.rawValue).joined(separator: "|"),
      parse: { text throws(ValueError) in
        guard let choice = Value(rawValue: text) else {
          throw ValueError(expected: Value.allCases.map(\.rawValue).joined(separator: " or "))
        }
        return choice
      }, show: { $0.rawValue })
  }
}
