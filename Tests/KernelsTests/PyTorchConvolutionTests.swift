import Kernels
import Tensors
import TestSupport
import Testing

/// Convolutions and their gradients against `torch.nn.functional.conv2d`, in double precision, of the same
/// numbers.
extension ConvolutionTests {
  static let pyTorch = [
    Case(input: Shape(6, 7, 4), window: Window(size: Size2D(3), padding: Size2D(1)), filters: 6, groups: 2),
    Case(
      input: Shape(9, 8, 3),
      window: Window(
        size: Size2D(3, 2), stride: Size2D(2, 1), padding: uneven(2, 1, 0, 3), dilation: Size2D(2, 3)),
      filters: 4),
    Case(
      input: Shape(8, 9, 20), window: Window(size: Size2D(3), stride: Size2D(2), padding: uneven(0, 1, 1, 0)),
      filters: 20, groups: 20),
    Case(
      input: Shape(9, 9, 17), window: Window(size: Size2D(5), padding: Size2D(4), dilation: Size2D(2)),
      filters: 17, groups: 17),
  ]

  private static let script = """
    import json, sys
    import torch
    case, numbers = json.loads(sys.argv[1]), json.loads(sys.argv[2])
    def tensor(name, *shape):
        return torch.tensor(numbers[name], dtype=torch.float64).reshape(shape)
    n, h, w, c, k, kh, kw, groups = (case[key] for key in ("n", "h", "w", "c", "k", "kh", "kw", "groups"))
    x = tensor("x", n, h, w, c).permute(0, 3, 1, 2).requires_grad_()
    weight = tensor("weight", kh, kw, c // groups, k).permute(3, 2, 0, 1).requires_grad_()
    bias = tensor("bias", k).requires_grad_()
    padded = torch.nn.functional.pad(x, case["padding"])
    y = torch.nn.functional.conv2d(padded, weight, bias, case["stride"], 0, case["dilation"], groups).relu()
    y.backward(tensor("dY", n, y.shape[2], y.shape[3], k).permute(0, 3, 1, 2))
    results = [y.permute(0, 2, 3, 1), weight.grad.permute(2, 3, 1, 0), bias.grad, x.grad.permute(0, 2, 3, 1)]
    for result in results:
        print(*result.flatten().tolist())
    """

  @Test(.enabled(if: Python.isThere, Comment(rawValue: Python.hint)), arguments: pyTorch)
  func agreesWithPyTorch(_ test: Case) throws {
    let (data, window) = (ConvolutionData(test, bias: true), test.window)
    let (before, after) = (window.padding.before, window.padding.after)
    let printed = try Python.run(
      Self.script,
      [
        """
        {"n": \(test.count), "h": \(test.input.height), "w": \(test.input.width), "c": \(test.input.channels),
         "k": \(test.filters), "kh": \(window.size.height), "kw": \(window.size.width), "groups": \(test.groups),
         "stride": [\(window.stride.height), \(window.stride.width)],
         "dilation": [\(window.dilation.height), \(window.dilation.width)],
         "padding": [\(before.width), \(after.width), \(before.height), \(after.height)]}
        """,
        """
        {"x": \(data.x), "weight": \(data.weight), "bias": \(data.bias), "dY": \(data.dY)}
        """,
      ])
    let results = printed.split(separator: "\n").map { line in
      line.split(separator: " ").map { Double($0) ?? .nan }
    }
    #expect(results.count == 4)
    let depthwise = test.groups > 1 && test.groups == test.input.channels
    for algorithm in depthwise ? [ConvolutionAlgorithm.im2col, .depthwise] : [.im2col] {
      let outcome = run(test, ConvolutionTail(.relu), algorithm, bias: true)
      expectClose(outcome.y, results[0], tolerance: 2e-6, "y by \(algorithm)")
      expectClose(outcome.dW, results[1], tolerance: 2e-6, "dWeight by \(algorithm)")
      expectClose(outcome.dB, results[2], tolerance: 2e-6, "dBias by \(algorithm)")
      expectClose(outcome.dX, results[3], tolerance: 2e-6, "dX by \(algorithm)")
    }
  }
}
