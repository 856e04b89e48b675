import Kernels
import Tensors
import Testing

/// Which algorithm computes which convolution.
@Suite struct ConvolutionChoiceTests {
  @Test func algorithmsAreChosenByShape() {
    func choice(
      _ input: Shape, _ size: Int, _ filters: Int, stride: Int = 1, dilation: Int = 1, groups: Int = 1,
      first: Bool = false, _ method: ConvolutionMethod = .auto
    ) -> ConvolutionAlgorithm {
      let window = Window(
        size: Size2D(size), stride: Size2D(stride), padding: Size2D(dilation * (size / 2)),
        dilation: Size2D(dilation))
      let positions = window.positions(over: input)!
      let geometry = ConvolutionGeometry(
        input: input, window: window, output: Shape(positions.height, positions.width, filters),
        groups: groups)
      return .choice(for: geometry, method, needsInputGradient: !first)
    }
    #expect(choice(Shape(28, 28, 1), 3, 32, first: true) == .direct)
    #expect(choice(Shape(28, 28, 1), 3, 32, first: false) == .im2col)
    #expect(choice(Shape(224, 224, 3), 3, 64, first: true) == .direct)
    #expect(choice(Shape(224, 224, 3), 3, 64, first: true, .im2col) == .im2col)
    #expect(choice(Shape(6, 6, 32), 3, 64) == .winograd2)
    #expect(choice(Shape(2, 2, 32), 3, 64) == .winograd2)
    #expect(choice(Shape(7, 7, 32), 3, 64) == .winograd4)
    #expect(choice(Shape(10, 10, 32), 3, 64) == .winograd4)
    #expect(choice(Shape(56, 56, 128), 3, 256) == .winograd4)
    #expect(choice(Shape(56, 56, 128), 3, 256, stride: 2) == .im2col)
    #expect(choice(Shape(56, 56, 128), 5, 256) == .im2col)
    #expect(choice(Shape(56, 56, 16), 3, 256) == .im2col)
    #expect(choice(Shape(56, 56, 16), 3, 256, .winograd) == .winograd4)
    #expect(choice(Shape(56, 56, 128), 3, 256, .im2col) == .im2col)
    #expect(choice(Shape(56, 56, 128), 3, 256, dilation: 2) == .im2col)
    #expect(choice(Shape(28, 28, 3), 3, 8, dilation: 2, first: true) == .direct)
    #expect(choice(Shape(56, 56, 128), 3, 128, groups: 4) == .im2col)
    #expect(choice(Shape(56, 56, 4), 3, 8, groups: 2, first: true) == .im2col)
    #expect(choice(Shape(56, 56, 128), 3, 256, groups: 128) == .im2col)
    for method in [ConvolutionMethod.auto, .winograd] {
      #expect(choice(Shape(56, 56, 128), 3, 128, groups: 128, method) == .depthwise)
      #expect(choice(Shape(7, 7, 3), 7, 3, stride: 2, dilation: 2, groups: 3, method) == .depthwise)
    }
    #expect(choice(Shape(56, 56, 128), 3, 128, groups: 128, .im2col) == .im2col)
    #expect(choice(Shape(56, 56, 1), 3, 1, groups: 1) == .im2col)
  }
}
