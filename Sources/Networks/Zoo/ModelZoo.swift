import Tensors

/// The models that come with the program.
package enum ModelZoo {
  package static let models = [
    mnistCNN, mnistCNNSame, mnistSmall, leNet5, mnistBN, cifarVGG, resNet20, resNet9, resNet9Small,
    resNet18CIFAR, alexNet, vgg11, vgg16, vgg19, resNet18, resNet34, resNet50, mobileNetV2, efficientNetLite0,
  ]

  package static var names: String { models.map(\.name).joined(separator: ", ") }

  /// Images of CIFAR-10 and CIFAR-100.
  static let cifar = Shape(32, 32, 3)

  /// Images of ImageNet as most networks take them, and the number of its classes.
  package static let imageNet = Shape(224, 224, 3)
  static let imageNetClasses = 1000
}
