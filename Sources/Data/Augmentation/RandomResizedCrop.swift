import Glibc
import Tensors

/// A random part of a photo, of random size and ratio, which then is resized to the network's input (Szegedy et al.
/// 2015): `RandomResizedCrop` of torchvision, with its ratios of 3/4 to 4/3.
package struct RandomResizedCrop: Sendable {
  /// The least share of the photo's area.
  package let leastArea: Double

  package init(leastArea: Double) { self.leastArea = leastArea }

  /// Which rows and columns of a photo are taken.
  package struct Region: Equatable {
    package let rows: Range<Int>
    package let columns: Range<Int>
  }

  /// Draws a region: the first of ten tries that lies within the photo, or else its middle, as large as the ratios
  /// allow.
  package func region(height: Int, width: Int, _ random: inout RandomStream) -> Region {
    let area = Double(height * width)
    let (lowest, highest) = (log(3.0 / 4), log(4.0 / 3))
    for _ in 0..<10 {
      let target = area * (leastArea + (1 - leastArea) * Double(random.uniform()))
      let ratio = exp(lowest + (highest - lowest) * Double(random.uniform()))
      let columns = Int((target * ratio).squareRoot().rounded(.toNearestOrEven))
      let rows = Int((target / ratio).squareRoot().rounded(.toNearestOrEven))
      guard columns > 0, columns <= width, rows > 0, rows <= height else { continue }
      let top = random.integer(below: height - rows + 1)
      let left = random.integer(below: width - columns + 1)
      return Region(rows: top..<top + rows, columns: left..<left + columns)
    }
    let ratio = Double(width) / Double(height)
    var (rows, columns) = (height, width)
    if ratio < 3.0 / 4 {
      rows = Int((Double(width) / (3.0 / 4)).rounded(.toNearestOrEven))
    } else if ratio > 4.0 / 3 {
      columns = Int((Double(height) * (4.0 / 3)).rounded(.toNearestOrEven))
    }
    let (top, left) = ((height - rows) / 2, (width - columns) / 2)
    return Region(rows: top..<top + rows, columns: left..<left + columns)
  }
}
