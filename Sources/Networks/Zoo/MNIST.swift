import Tensors

/// Networks for MNIST's digits.
extension ModelZoo {
  private static let digits = Shape(28, 28, 1)

  /// 225,034 parameters, 15.4 MFLOP an image forward and backward.
  static let mnistCNN = ModelDescription(
    name: "mnist-cnn", input: digits,
    layers: [
      Conv2D(filters: 32, kernel: 3), ReLU(), MaxPool2D(size: 2),
      Conv2D(filters: 64, kernel: 3), ReLU(), MaxPool2D(size: 2),
      Dense(units: 128), ReLU(), Dense(units: 10),
    ])

  /// `mnist-cnn` with images padded to keep their size in the convolutions.
  static let mnistCNNSame = ModelDescription(
    name: "mnist-cnn-same", input: digits,
    layers: [
      Conv2D(filters: 32, kernel: 3, padding: 1), ReLU(), MaxPool2D(size: 2),
      Conv2D(filters: 64, kernel: 3, padding: 1), ReLU(), MaxPool2D(size: 2),
      Dense(units: 128), ReLU(), Dense(units: 10),
    ])

  static let mnistSmall = ModelDescription(
    name: "mnist-small", input: digits,
    layers: [
      Conv2D(filters: 32, kernel: 3), ReLU(), MaxPool2D(size: 2),
      Dense(units: 128), ReLU(), Dense(units: 10),
    ])

  /// LeCun, Bottou, Bengio, Haffner 1998, with ReLU for tanh and max- for average-pooling.
  static let leNet5 = ModelDescription(
    name: "lenet5", input: digits,
    layers: [
      Conv2D(filters: 6, kernel: 5, padding: 2), ReLU(), MaxPool2D(size: 2),
      Conv2D(filters: 16, kernel: 5), ReLU(), MaxPool2D(size: 2),
      Dense(units: 120), ReLU(), Dense(units: 84), ReLU(), Dense(units: 10),
    ])

  /// Two convolutions before each pooling, batch normalisation and dropout: the most accurate of the zoo.
  static let mnistBN = ModelDescription(
    name: "mnist-bn", input: digits,
    layers: [
      Conv2D(filters: 32, kernel: 3, bias: false), BatchNorm(), ReLU(),
      Conv2D(filters: 32, kernel: 3, bias: false), BatchNorm(), ReLU(), MaxPool2D(size: 2),
      Dropout(rate: 0.25),
      Conv2D(filters: 64, kernel: 3, bias: false), BatchNorm(), ReLU(),
      Conv2D(filters: 64, kernel: 3, bias: false), BatchNorm(), ReLU(), MaxPool2D(size: 2),
      Dropout(rate: 0.25),
      Dense(units: 128, bias: false), BatchNorm(), ReLU(), Dropout(rate: 0.5), Dense(units: 10),
    ])
}
