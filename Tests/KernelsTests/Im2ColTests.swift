import Kernels
import Tensors
import TestSupport
import Testing

@Suite struct Im2ColTests {
  /// <im2col(x), c> = <x, col2im(c)>
  @Test(arguments: ConvolutionTests.cases + ConvolutionTests.grouped)
  func col2imIsTheAdjoint(_ test: ConvolutionTests.Case) {
    let geometry = test.geometry
    let rows = 0..<test.count * geometry.output.height
    let x = randomNumbers(test.count * test.input.count, seed: 1)
    let c = randomNumbers(rows.count * geometry.output.width * geometry.depth, seed: 2)
    var columns = [Float](repeating: .nan, count: c.count)
    var image = [Float](repeating: 0, count: x.count)
    do {
      var columnSpan = columns.mutableSpan
      var imageSpan = image.mutableSpan
      im2col(x.span, geometry, group: geometry.groups - 1, rows: rows, into: &columnSpan)
      col2im(c.span, geometry, group: geometry.groups - 1, rows: rows, addingTo: &imageSpan)
    }
    let (left, right) = (dot(columns.doubles, c.doubles), dot(x.doubles, image.doubles))
    #expect(abs(left - right) <= 1e-5 * max(1, abs(left)), "\(left), \(right)")
  }

  @Test func columnsAreWindowsInFilterOrder() {
    let geometry = ConvolutionGeometry(
      input: Shape(2, 2, 1), window: Window(size: Size2D(2), padding: Size2D(1)), output: Shape(3, 3, 1))
    var columns = [Float](repeating: .nan, count: 9 * 4)
    var span = columns.mutableSpan
    im2col([1, 2, 3, 4].span, geometry, rows: 0..<3, into: &span)
    #expect(
      columns == [
        0, 0, 0, 1, 0, 0, 1, 2, 0, 0, 2, 0,
        0, 1, 0, 3, 1, 2, 3, 4, 2, 0, 4, 0,
        0, 3, 0, 0, 3, 4, 0, 0, 4, 0, 0, 0,
      ])
  }
}
