import Foundation

/// What an axis of a figure spans, and where it is marked.
package struct Axis {
  package var range: ClosedRange<Double>
  package var ticks: [(place: Double, label: String)]
  package var isLogarithmic = false

  /// An axis of whole numbers from `first` to `last`, with some space on both sides.
  package static func epochs(_ first: Double, _ last: Double) -> Axis {
    let space = first == last ? 0.5 : 0.03 * (last - first)
    let step = max(niceStep((last - first) / 10), 1)
    return Axis(range: first - space...last + space, ticks: ticks(from: first, to: last, step))
  }

  /// An axis of shares in percent, marked at each tenth.
  package static func shares(_ values: [Double]) -> Axis {
    guard let low = values.min(), let high = values.max() else { return empty }
    let range = max(low - 5, 0)...min(high + 5, 100)
    let first = (range.lowerBound / 10).rounded(.up) * 10
    return Axis(range: range, ticks: ticks(from: first, to: range.upperBound, 10))
  }

  /// An axis of percentages.
  package static func accuracy(_ values: [Double]) -> Axis {
    guard let (low, high) = spread(values, atLeast: 1) else { return empty }
    let step = niceStep((high - low) / 8)
    let (bottom, top) = ((low / step).rounded(.down) * step, (high / step).rounded(.up) * step)
    let range = max(bottom, 0)...min(top, 100)
    return Axis(range: range, ticks: ticks(from: range.lowerBound, to: range.upperBound, step))
  }

  /// An axis of a loss: logarithmic where it spans more than a factor of ten.
  package static func loss(_ values: [Double]) -> Axis {
    guard let (low, high) = spread(values, atLeast: 1e-6) else { return empty }
    let finite = values.filter(\.isFinite)
    if let smallest = finite.min(), let largest = finite.max(), smallest > 0, largest > 10 * smallest {
      return logarithmic(smallest / 1.25...largest * 1.25)
    }
    let step = niceStep((high - low) / 8)
    let (bottom, top) = ((low / step).rounded(.down) * step, (high / step).rounded(.up) * step)
    return Axis(range: bottom...top, ticks: ticks(from: bottom, to: top, step))
  }

  /// An axis of learning rates, logarithmic.
  package static func learningRates(_ range: ClosedRange<Double>) -> Axis {
    logarithmic(range.lowerBound / 1.25...range.upperBound * 1.25)
  }

  /// An axis of numbers of ranks, marked at powers of two or four.
  package static func ranks(_ first: Int, _ last: Int) -> Axis {
    // As many labels as have room.
    let factor = last / max(first, 1) > 256 ? 4 : 2
    let powers = sequence(first: 1) { $0 * factor }.prefix { $0 <= last }.filter { $0 >= first }
    return Axis(
      range: 0.85 * Double(first)...1.18 * Double(last), ticks: powers.map { (Double($0), "\($0)") },
      isLogarithmic: true)
  }

  /// An axis of images a second, logarithmic.
  package static func speed(_ values: [Double]) -> Axis {
    let positive = values.filter { $0.isFinite && $0 > 0 }
    guard let low = positive.min(), let high = positive.max() else { return empty }
    var axis = logarithmic(low / 1.25...high * 1.25)
    axis.ticks = axis.ticks.map { place, _ in
      let unit = [(1e9, "G"), (1e6, "M"), (1e3, "k")].first { place >= $0.0 } ?? (1, "")
      return (place, shortest(place / unit.0) + unit.1)
    }
    return axis
  }

  /// An axis of efficiencies in percent, from 0 to at least 110.
  package static func efficiency(_ values: [Double]) -> Axis {
    let top = max(110, 1.05 * (values.filter(\.isFinite).max() ?? 0))
    return Axis(range: 0...top, ticks: ticks(from: 0, to: top, niceStep(top / 6)))
  }

  private static func logarithmic(_ range: ClosedRange<Double>) -> Axis {
    let decades = log10(range.upperBound / range.lowerBound)
    let digits: [Double] = decades < 3.5 ? [1, 2, 5] : [1]
    let skipped = decades < 10 ? 1 : Int(decades / 5)
    let first = Int(log10(range.lowerBound).rounded(.down))
    let powers = stride(from: first, through: first + Int(decades) + 2, by: skipped)
    let places = powers.flatMap { power in
      // The nearest numbers to their decimals: 0.002, not 2 * 0.001.
      digits.compactMap { Double("\(Int($0))e\(power)") }
    }
    return Axis(
      range: range, ticks: places.filter(range.contains).map { ($0, shortest($0)) }, isLogarithmic: true)
  }

  /// An axis of nothing that could be shown.
  private static var empty: Axis { Axis(range: 0...1, ticks: []) }

  /// From the smallest of the finite values to the largest, widened to `width`.
  private static func spread(_ values: [Double], atLeast width: Double) -> (Double, Double)? {
    let finite = values.filter(\.isFinite)
    guard let low = finite.min(), let high = finite.max() else { return nil }
    // A width that can be told from the values' rounding.
    let missing = max(max(width, 0.2 * abs(high)) - (high - low), 0) / 2
    return missing > 0 && high - low < width ? (low - missing, high + missing) : (low, high)
  }

  /// 1, 2 or 5 times a power of ten: the smallest of these that is at least `step`.
  private static func niceStep(_ step: Double) -> Double {
    guard step > 0 else { return 1 }
    let power = Foundation.pow(10, log10(step).rounded(.down))
    return ([1, 2, 5].map { $0 * power }.first { $0 >= step * (1 - 1e-9) }) ?? 10 * power
  }

  /// The multiples of `step` from `first` to `last`.
  private static func ticks(
    from first: Double, to last: Double, _ step: Double
  ) -> [(place: Double, label: String)] {
    let multiples = (first / step - 1e-9).rounded(.up)...(last / step + 1e-9).rounded(.down)
    return stride(from: multiples.lowerBound, through: multiples.upperBound, by: 1).map {
      // Adding 0 makes 0 of -0.
      ($0 * step + 0, shortest($0 * step + 0))
    }
  }
}
