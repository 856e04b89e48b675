/// The residual network of 20 layers for CIFAR-10 (He, Zhang, Ren, Sun 2016, section 4.2): shortcuts have no
/// parameters; where the shape changes they take every other row and column and fill up with channels of zeros.
extension ModelZoo {
  static let resNet20: ModelDescription = {
    var model = ModelBuilder()
    model.append("conv1", Conv2D(filters: 16, kernel: 3, padding: 1, bias: false))
    model.append("bn1", BatchNorm())
    model.append("relu", ReLU())
    for (stage, channels) in [16, 32, 64].enumerated() {
      for block in 0..<3 {
        model.appendBlock("layer\(stage + 1).\(block)", channels, widens: stage > 0 && block == 0)
      }
    }
    model.append("avgpool", GlobalAveragePool2D())
    model.append("linear", Dense(units: 10))
    return model.model("resnet20", input: cifar)
  }()
}

extension ModelBuilder {
  fileprivate mutating func appendBlock(_ name: String, _ channels: Int, widens: Bool) {
    let input = last
    append(
      "\(name).conv1", Conv2D(filters: channels, kernel: 3, stride: widens ? 2 : 1, padding: 1, bias: false))
    append("\(name).bn1", BatchNorm())
    append("\(name).relu1", ReLU())
    append("\(name).conv2", Conv2D(filters: channels, kernel: 3, padding: 1, bias: false))
    append("\(name).bn2", BatchNorm())
    let branch = last
    if widens {
      append("\(name).subsample", MaxPool2D(size: 1, stride: 2), inputs: [input])
      append("\(name).pad", PadChannels(before: channels / 4, after: channels / 4))
    }
    append("\(name).add", Add(), inputs: [branch, widens ? last : input])
    append("\(name).relu", ReLU())
  }
}
