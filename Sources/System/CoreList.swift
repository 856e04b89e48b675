/// Ascending numbers as a list of ranges: 0, 1, 2, 3, 8 as `0-3,8`.
package func shortList(_ numbers: [Int]) -> String {
  var ranges: [ClosedRange<Int>] = []
  for number in numbers {
    if let last = ranges.last, last.upperBound + 1 == number {
      ranges[ranges.count - 1] = last.lowerBound...number
    } else {
      ranges.append(number...number)
    }
  }
  return ranges.map { $0.count == 1 ? "\($0.lowerBound)" : "\($0.lowerBound)-\($0.upperBound)" }
    .joined(separator: ",")
}

/// The inverse of `shortList`, also for the kernel's lists: `0-3,8` as 0, 1, 2, 3, 8.
package func parseCoreList(_ text: Substring) -> [Int] {
  text.split(separator: ",").flatMap { part -> [Int] in
    let ends = part.split(separator: "-").compactMap { Int($0) }
    guard let first = ends.first, let last = ends.last, first <= last else { return [] }
    return Array(first...last)
  }
}
