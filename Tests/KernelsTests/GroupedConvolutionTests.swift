import Kernels
import Tensors
import TestSupport
import Testing

/// Convolutions with groups, and depthwise ones, which have a kernel of their own.
extension ConvolutionTests {
  static let grouped = [
    Case(input: Shape(5, 6, 4), window: Window(size: Size2D(3), padding: Size2D(1)), filters: 6, groups: 2),
    Case(input: Shape(6, 5, 6), window: Window(size: Size2D(1)), filters: 9, groups: 3),
    Case(
      input: Shape(7, 6, 34), window: Window(size: Size2D(2), stride: Size2D(2)), filters: 4, count: 1,
      groups: 2),
    Case(
      input: Shape(7, 7, 8),
      window: Window(size: Size2D(3), padding: uneven(1, 2, 0, 3), dilation: Size2D(2)), filters: 8, groups: 4
    ),
    // One filter a group, and several filters of each channel.
    Case(input: Shape(5, 5, 6), window: Window(size: Size2D(3), padding: Size2D(1)), filters: 3, groups: 3),
    Case(input: Shape(5, 5, 3), window: Window(size: Size2D(3), padding: Size2D(1)), filters: 6, groups: 3),
  ]

  /// Depthwise convolutions of few numbers.
  static let smallDepthwise = [3, 16, 17].flatMap { channels in
    [
      depthwise(channels, 5, Window(size: Size2D(3), padding: Size2D(1))),
      depthwise(channels, 4, Window(size: Size2D(2), stride: Size2D(2), padding: uneven(0, 1, 1, 0))),
    ]
  }

  private static func depthwise(
    _ channels: Int, _ size: Int, _ window: Window, count: Int = 2, trim: Int = 0
  ) -> Case {
    Case(
      input: Shape(size, size + 1, channels), window: window, filters: channels, count: count, trim: trim,
      groups: channels)
  }

  /// All ways through the kernel: small and large filters, rows with and without columns that find all inputs,
  /// strides and dilations with and without common factors, padding larger than the filter.
  static let depthwise =
    smallDepthwise
    + [3, 16, 17, 40].flatMap { channels in
      [
        depthwise(channels, 9, Window(size: Size2D(3), stride: Size2D(2), padding: Size2D(1))),
        depthwise(channels, 8, Window(size: Size2D(5), padding: Size2D(2))),
        depthwise(channels, 11, Window(size: Size2D(5), stride: Size2D(2), padding: uneven(1, 2, 1, 2))),
        depthwise(channels, 6, Window(size: Size2D(1))),
        depthwise(channels, 7, Window(size: Size2D(1), stride: Size2D(2)), trim: 1),
        depthwise(channels, 3, Window(size: Size2D(5), padding: Size2D(2))),
        depthwise(channels, 8, Window(size: Size2D(7), padding: Size2D(3))),
        depthwise(channels, 9, Window(size: Size2D(7), stride: Size2D(2), padding: Size2D(3)), count: 1),
        depthwise(channels, 8, Window(size: Size2D(3, 5), stride: Size2D(1, 2), padding: Size2D(0, 1))),
        depthwise(channels, 9, Window(size: Size2D(3), padding: Size2D(2), dilation: Size2D(2))),
        depthwise(
          channels, 10,
          Window(size: Size2D(3), stride: Size2D(2), padding: Size2D(2), dilation: Size2D(2))),
        depthwise(
          channels, 13,
          Window(size: Size2D(5, 3), stride: Size2D(2, 3), padding: Size2D(3), dilation: Size2D(3, 2))),
        depthwise(channels, 2, Window(size: Size2D(3), stride: Size2D(3), padding: Size2D(2))),
        depthwise(channels, 4, Window(size: Size2D(2), padding: uneven(4, 3, 3, 4))),
        depthwise(channels, 7, Window(size: Size2D(3), padding: Size2D(1)), trim: 1),
      ]
    } + [
      // Several bands of rows.
      depthwise(96, 56, Window(size: Size2D(3), padding: Size2D(1)), count: 1),
      depthwise(80, 57, Window(size: Size2D(5), stride: Size2D(2), padding: Size2D(2)), count: 1),
    ]

  @Test(arguments: grouped, Activation.allCases)
  func groupedAgreesWithDefinition(_ test: Case, activation: Activation) {
    expectDefinition(test, .im2col, activation: activation, tolerance: 2e-6)
    expectCentralDifferences(test, .im2col, activation: activation)
  }

  /// The columns of a group that do not fit into one tile.
  @Test func tiledGroupsAgreeByProjection() {
    let window = Window(size: Size2D(3), padding: Size2D(1))
    tiledGradientsAgreeByProjection(
      Case(input: Shape(40, 40, 96), window: window, filters: 32, groups: 2))
    tiledGradientsAgreeByProjection(
      Case(input: Shape(150, 150, 8), window: Window(size: Size2D(1)), filters: 4, groups: 2))
  }

  @Test(arguments: withTails(grouped))
  func groupedAgreesWithUnfused(_ test: Case, tail: ConvolutionTail) {
    expectUnfused(test, tail, .im2col, tolerance: 1e-5)
  }

  @Test(arguments: depthwise, Activation.allCases)
  func depthwiseAgreesWithDefinition(_ test: Case, activation: Activation) {
    expectDefinition(test, .depthwise, activation: activation, tolerance: 2e-6)
  }

  @Test(arguments: smallDepthwise, Activation.allCases)
  func depthwiseGradientsAgreeWithCentralDifferences(_ test: Case, activation: Activation) {
    expectCentralDifferences(test, .depthwise, activation: activation)
  }

  @Test(arguments: depthwise, Activation.allCases)
  func depthwiseAgreesWithUnfused(_ test: Case, activation: Activation) {
    expectUnfused(test, ConvolutionTail(activation), .depthwise, tolerance: 1e-5)
  }
}
