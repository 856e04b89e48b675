import Tensors

/// Networks in the manner of VGG (Simonyan and Zisserman 2015): convolutions of 3 x 3, and pooling between them.
extension ModelZoo {
  /// Six convolutions in the manner of VGG, with batch normalisation, for images of CIFAR's size.
  static let cifarVGG = ModelDescription(
    name: "cifar-vgg", input: cifar,
    layers: [64, 128, 256].flatMap { filters -> [any Layer] in
      let convolution: [any Layer] = [
        Conv2D(filters: filters, kernel: 3, padding: 1, bias: false), BatchNorm(), ReLU(),
      ]
      return convolution + convolution + [MaxPool2D(size: 2)]
    } + [Dense(units: 10)])

  /// Configurations A, D and E, with torchvision's names.
  static let vgg11 = vgg("vgg11", convolutions: [1, 1, 2, 2, 2])
  static let vgg16 = vgg("vgg16", convolutions: [2, 2, 3, 3, 3])
  static let vgg19 = vgg("vgg19", convolutions: [2, 2, 4, 4, 4])

  /// - Parameter convolutions: before each of the five poolings.
  private static func vgg(_ name: String, convolutions: [Int]) -> ModelDescription {
    var model = ModelBuilder()
    model.appendSequence(
      "features",
      zip([64, 128, 256, 512, 512], convolutions).flatMap { filters, count -> [any Layer] in
        (0..<count).flatMap { _ -> [any Layer] in
          [Conv2D(filters: filters, kernel: 3, padding: 1), ReLU()]
        } + [MaxPool2D(size: 2)]
      })
    model.append("avgpool", AdaptiveAveragePool2D(size: 7))
    model.appendSequence(
      "classifier",
      [
        Dense(units: 4096), ReLU(), Dropout(rate: 0.5), Dense(units: 4096), ReLU(), Dropout(rate: 0.5),
        Dense(units: imageNetClasses),
      ])
    return model.model(name, input: imageNet)
  }
}
