/// Residual networks of 9 layers that learn CIFAR-10 in few epochs (Page, "How to train your ResNet", 2018), with
/// global average pooling, so that they take images of other sizes too.
extension ModelZoo {
  static let resNet9 = resNet9("resnet9", channels: 64)
  /// With half the channels: a quarter of the work.
  static let resNet9Small = resNet9("resnet9-small", channels: 32)

  private static func resNet9(_ name: String, channels: Int) -> ModelDescription {
    var model = ModelBuilder()
    model.appendConvolution("prep", channels)
    model.appendConvolution("layer1.conv", 2 * channels)
    model.append("layer1.pool", MaxPool2D(size: 2))
    model.appendResidual("layer1.residual", 2 * channels)
    model.appendConvolution("layer2.conv", 4 * channels)
    model.append("layer2.pool", MaxPool2D(size: 2))
    model.appendConvolution("layer3.conv", 8 * channels)
    model.append("layer3.pool", MaxPool2D(size: 2))
    model.appendResidual("layer3.residual", 8 * channels)
    model.append("pool", GlobalAveragePool2D())
    model.append("linear", Dense(units: 10))
    return model.model(name, input: cifar)
  }
}

extension ModelBuilder {
  /// A convolution of 3 x 3, batch normalisation and ReLU.
  fileprivate mutating func appendConvolution(_ name: String, _ channels: Int) {
    append(name, Conv2D(filters: channels, kernel: 3, padding: 1, bias: false))
    append("\(name).bn", BatchNorm())
    append("\(name).relu", ReLU())
  }

  /// Two convolutions, to whose output their input is added.
  fileprivate mutating func appendResidual(_ name: String, _ channels: Int) {
    let input = last
    appendConvolution("\(name).conv1", channels)
    appendConvolution("\(name).conv2", channels)
    append("\(name).add", Add(), inputs: [last, input])
  }
}
