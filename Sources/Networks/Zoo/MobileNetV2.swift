/// Inverted residuals and linear bottlenecks (Sandler, Howard, Zhu, Zhmoginov, Chen 2018), with torchvision's
/// names.
extension ModelZoo {
  static let mobileNetV2: ModelDescription = {
    var model = ModelBuilder()
    model.appendUnit("features.0", Conv2D(filters: 32, kernel: 3, stride: 2, padding: 1, bias: false))
    var (number, input) = (1, 32)
    for stage in mobileNetV2Stages {
      for block in 0..<stage.count {
        model.appendInvertedResidual(
          "features.\(number)", input: input, output: stage.channels, expansion: stage.expansion,
          stride: block == 0 ? stage.stride : 1)
        (number, input) = (number + 1, stage.channels)
      }
    }
    model.appendUnit("features.\(number)", Conv2D(filters: 1280, kernel: 1, bias: false))
    model.append("avgpool", GlobalAveragePool2D())
    model.append("classifier.0", Dropout(rate: 0.2))
    model.append("classifier.1", Dense(units: imageNetClasses))
    return model.model("mobilenet-v2", input: imageNet)
  }()

  /// Table 2 of the paper.
  private static let mobileNetV2Stages: [(expansion: Int, channels: Int, count: Int, stride: Int)] = [
    (1, 16, 1, 1), (6, 24, 2, 2), (6, 32, 3, 2), (6, 64, 4, 2), (6, 96, 3, 1), (6, 160, 3, 2), (6, 320, 1, 1),
  ]
}

extension ModelBuilder {
  /// A convolution, batch normalisation and ReLU6.
  fileprivate mutating func appendUnit(_ name: String, _ convolution: Conv2D) {
    append("\(name).0", convolution)
    append("\(name).1", BatchNorm())
    append("\(name).2", ReLU6())
  }

  fileprivate mutating func appendInvertedResidual(
    _ name: String, input: Int, output: Int, expansion: Int, stride: Int
  ) {
    let (start, hidden) = (last, expansion * input)
    var place = 0
    if expansion > 1 {
      appendUnit("\(name).conv.0", Conv2D(filters: hidden, kernel: 1, bias: false))
      place = 1
    }
    appendUnit(
      "\(name).conv.\(place)",
      Conv2D(filters: hidden, kernel: 3, stride: stride, padding: 1, groups: hidden, bias: false))
    append("\(name).conv.\(place + 1)", Conv2D(filters: output, kernel: 1, bias: false))
    append("\(name).conv.\(place + 2)", BatchNorm())
    if stride == 1 && input == output { append("\(name).add", Add(), inputs: [last, start]) }
  }
}
