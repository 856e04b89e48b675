import Tensors

/// Residual networks (He, Zhang, Ren, Sun 2016), with torchvision's names.
extension ModelZoo {
  static let resNet18 = resNet("resnet18", blocks: [2, 2, 2, 2], ModelBuilder.appendBasicBlock)
  static let resNet34 = resNet("resnet34", blocks: [3, 4, 6, 3], ModelBuilder.appendBasicBlock)
  /// Version 1.5: the convolution of 3 x 3 has the stride, not the first one of 1 x 1.
  static let resNet50 = resNet("resnet50", blocks: [3, 4, 6, 3], ModelBuilder.appendBottleneck)

  /// ResNet-18 for small images: it starts with a convolution of 3 x 3 and no pooling.
  static let resNet18CIFAR: ModelDescription = {
    var model = ModelBuilder()
    model.appendConvolution("conv1", "bn1", Conv2D(filters: 64, kernel: 3, padding: 1, bias: false))
    model.append("relu", ReLU())
    model.appendStages([2, 2, 2, 2], channels: 64, ModelBuilder.appendBasicBlock)
    model.appendClassifier(classes: 10)
    return model.model("resnet18-cifar", input: cifar)
  }()

  private static func resNet(
    _ name: String, blocks: [Int], _ appendBlock: ModelBuilder.AppendBlock
  ) -> ModelDescription {
    var model = ModelBuilder()
    model.appendConvolution(
      "conv1", "bn1", Conv2D(filters: 64, kernel: 7, stride: 2, padding: 3, bias: false))
    model.append("relu", ReLU())
    model.append("maxpool", MaxPool2D(size: 3, stride: 2, padding: 1))
    model.appendStages(blocks, channels: 64, appendBlock)
    model.appendClassifier(classes: imageNetClasses)
    return model.model(name, input: imageNet)
  }
}

extension ModelBuilder {
  /// Appends a residual block.
  ///
  /// - Parameter projects: the shortcut is a convolution of 1 x 1, as the block's shapes differ.
  typealias AppendBlock = (
    _ model: inout ModelBuilder, _ name: String, _ channels: Int, _ stride: Int, _ projects: Bool
  ) -> Void

  /// Stages of blocks: each has twice the channels, and all but the first half the height and width of the one
  /// before.
  fileprivate mutating func appendStages(_ blocks: [Int], channels: Int, _ appendBlock: AppendBlock) {
    for (stage, count) in blocks.enumerated() {
      for block in 0..<count {
        let stride = stage > 0 && block == 0 ? 2 : 1
        let isBottleneckStart = stage == 0 && block == 0
        appendBlock(
          &self, "layer\(stage + 1).\(block)", channels << stage, stride, stride > 1 || isBottleneckStart)
      }
    }
  }

  fileprivate mutating func appendClassifier(classes: Int) {
    append("avgpool", GlobalAveragePool2D())
    append("fc", Dense(units: classes))
  }

  /// A convolution and batch normalisation.
  fileprivate mutating func appendConvolution(
    _ name: String, _ normalization: String, _ convolution: Conv2D, inputs: [String]? = nil
  ) {
    append(name, convolution, inputs: inputs)
    append(normalization, BatchNorm())
  }

  /// Two convolutions of 3 x 3. A first block of the network needs no projection.
  fileprivate static func appendBasicBlock(
    _ model: inout ModelBuilder, _ name: String, _ channels: Int, _ stride: Int, _ projects: Bool
  ) {
    let input = model.last
    model.appendConvolution(
      "\(name).conv1", "\(name).bn1",
      Conv2D(filters: channels, kernel: 3, stride: stride, padding: 1, bias: false))
    model.append("\(name).relu1", ReLU())
    model.appendConvolution(
      "\(name).conv2", "\(name).bn2", Conv2D(filters: channels, kernel: 3, padding: 1, bias: false))
    model.appendShortcut(name, from: input, channels, stride, projects: stride > 1)
  }

  /// Convolutions of 1 x 1, 3 x 3 and 1 x 1; the last has four times the channels.
  fileprivate static func appendBottleneck(
    _ model: inout ModelBuilder, _ name: String, _ channels: Int, _ stride: Int, _ projects: Bool
  ) {
    let input = model.last
    model.appendConvolution(
      "\(name).conv1", "\(name).bn1", Conv2D(filters: channels, kernel: 1, bias: false))
    model.append("\(name).relu1", ReLU())
    model.appendConvolution(
      "\(name).conv2", "\(name).bn2",
      Conv2D(filters: channels, kernel: 3, stride: stride, padding: 1, bias: false))
    model.append("\(name).relu2", ReLU())
    model.appendConvolution(
      "\(name).conv3", "\(name).bn3", Conv2D(filters: 4 * channels, kernel: 1, bias: false))
    model.appendShortcut(name, from: input, 4 * channels, stride, projects: projects)
  }

  /// Adds a block's input to what its branch gave.
  private mutating func appendShortcut(
    _ name: String, from input: String, _ channels: Int, _ stride: Int, projects: Bool
  ) {
    let branch = last
    if projects {
      appendConvolution(
        "\(name).downsample.0", "\(name).downsample.1",
        Conv2D(filters: channels, kernel: 1, stride: stride, bias: false), inputs: [input])
    }
    append("\(name).add", Add(), inputs: [branch, projects ? last : input])
    append("\(name).relu", ReLU())
  }
}
