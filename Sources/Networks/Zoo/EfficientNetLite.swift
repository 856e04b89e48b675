/// EfficientNet-Lite0 (Tan and Le 2019, without squeeze-and-excitation and with ReLU6, as TensorFlow's
/// `efficientnet/lite` has it), with the names of `efficientnet-lite-pytorch`.
extension ModelZoo {
  static let efficientNetLite0: ModelDescription = {
    var model = ModelBuilder()
    model.appendUnit(
      "_conv_stem", "_bn0", Conv2D(filters: 32, kernel: 3, stride: 2, padding: .same, bias: false))
    var (number, input) = (0, 32)
    for stage in efficientNetStages {
      for block in 0..<stage.count {
        model.appendBlock(
          "_blocks.\(number)", input: input, output: stage.channels, expansion: stage.expansion,
          kernel: stage.kernel, stride: block == 0 ? stage.stride : 1)
        (number, input) = (number + 1, stage.channels)
      }
    }
    model.appendUnit("_conv_head", "_bn1", Conv2D(filters: 1280, kernel: 1, bias: false))
    model.append("_avg_pooling", GlobalAveragePool2D())
    model.append("_dropout", Dropout(rate: 0.2))
    model.append("_fc", Dense(units: imageNetClasses))
    return model.model("efficientnet-lite0", input: imageNet)
  }()

  /// Table 1 of the paper.
  private static let efficientNetStages:
    [(expansion: Int, channels: Int, count: Int, stride: Int, kernel: Int)] = [
      (1, 16, 1, 1, 3), (6, 24, 2, 2, 3), (6, 40, 2, 2, 5), (6, 80, 3, 2, 3), (6, 112, 3, 1, 5),
      (6, 192, 4, 2, 5), (6, 320, 1, 1, 3),
    ]
}

extension ModelBuilder {
  /// A convolution, batch normalisation as in TensorFlow, and ReLU6.
  fileprivate mutating func appendUnit(_ name: String, _ normalization: String, _ convolution: Conv2D) {
    append(name, convolution)
    append(normalization, BatchNorm(epsilon: 1e-3))
    append("\(normalization)_relu", ReLU6())
  }

  fileprivate mutating func appendBlock(
    _ name: String, input: Int, output: Int, expansion: Int, kernel: Int, stride: Int
  ) {
    let (start, hidden) = (last, expansion * input)
    if expansion > 1 {
      appendUnit(
        "\(name)._expand_conv", "\(name)._bn0", Conv2D(filters: hidden, kernel: 1, bias: false))
    }
    appendUnit(
      "\(name)._depthwise_conv", "\(name)._bn1",
      Conv2D(filters: hidden, kernel: kernel, stride: stride, padding: .same, groups: hidden, bias: false))
    append("\(name)._project_conv", Conv2D(filters: output, kernel: 1, bias: false))
    append("\(name)._bn2", BatchNorm(epsilon: 1e-3))
    if stride == 1 && input == output { append("\(name)._add", Add(), inputs: [last, start]) }
  }
}
