import Files
import Foundation

/// A number with `digits` decimal places, such as `0.1234`.
package func decimal(_ value: Double, _ digits: Int) -> String { String(format: "%.\(digits)f", value) }

/// A share as a percentage, such as `97.12 %`.
package func percent(_ share: Double) -> String { String(format: "%.2f %%", 100 * share) }

/// A whole number with groups of three, such as `12,345`.
package func grouped(_ value: Double) -> String {
  guard value.isFinite, abs(value) < 1e15 else { return "\(value)" }
  let digits = Array(String(Int(value.rounded().magnitude)))
  var text = value < 0 ? "-" : ""
  for (index, digit) in digits.enumerated() {
    if index > 0 && (digits.count - index) % 3 == 0 { text.append(",") }
    text.append(digit)
  }
  return text
}

package func grouped(_ value: Int) -> String { grouped(Double(value)) }

/// An amount of memory, such as `1.5 GB`.
package func gigabytes(_ bytes: Double) -> String { String(format: "%.1f GB", bytes / 1e9) }

/// A duration such as `8 s`, `2:05` or `1:02:03`.
package func clock(_ seconds: Double) -> String {
  guard seconds.isFinite, seconds >= 0, seconds < 1e9 else { return "?" }
  let whole = Int(seconds.rounded())
  if whole < 60 { return "\(whole) s" }
  let (hours, minutes) = (whole / 3600, whole % 3600 / 60)
  let tail = String(format: "%02d", whole % 60)
  return hours > 0 ? "\(hours):\(String(format: "%02d", minutes)):\(tail)" : "\(minutes):\(tail)"
}

/// The shortest text for a number, such as `0.01`, `0.001` or `1e-06`.
package func shortest(_ value: Double) -> String { String(format: "%g", value) }

/// Two columns, the first as wide as its longest entry.
package func table(_ rows: [(name: String, value: String)]) -> String {
  let width = rows.map(\.name.count).max() ?? 0
  return rows.map {
    "  \($0.name.padding(toLength: width, withPad: " ", startingAt: 0))  \(escaped($0.value, length: .max))"
  }
  .joined(separator: "\n")
}

/// `text` in lines of at most `width` columns, broken at spaces; a longer word has a line of its own.
package func wrapped(_ text: String, width: Int) -> [String] {
  var lines: [String] = []
  for word in text.split(separator: " ") {
    if let last = lines.last, last.count + 1 + word.count <= width {
      lines[lines.count - 1] = "\(last) \(word)"
    } else {
      lines.append(String(word))
    }
  }
  return lines
}

/// `1 rank`, `2 ranks`.
package func counted(_ count: Int, _ one: String, _ many: String? = nil) -> String {
  "\(grouped(count)) \(count == 1 ? one : many ?? one + "s")"
}
