/// "One weird trick for parallelizing convolutional neural networks" (Krizhevsky 2014), as torchvision has it.
extension ModelZoo {
  static let alexNet: ModelDescription = {
    var model = ModelBuilder()
    model.appendSequence(
      "features",
      [
        Conv2D(filters: 64, kernel: 11, stride: 4, padding: 2), ReLU(), MaxPool2D(size: 3, stride: 2),
        Conv2D(filters: 192, kernel: 5, padding: 2), ReLU(), MaxPool2D(size: 3, stride: 2),
        Conv2D(filters: 384, kernel: 3, padding: 1), ReLU(),
        Conv2D(filters: 256, kernel: 3, padding: 1), ReLU(),
        Conv2D(filters: 256, kernel: 3, padding: 1), ReLU(), MaxPool2D(size: 3, stride: 2),
      ])
    model.append("avgpool", AdaptiveAveragePool2D(size: 6))
    model.appendSequence(
      "classifier",
      [
        Dropout(rate: 0.5), Dense(units: 4096), ReLU(), Dropout(rate: 0.5), Dense(units: 4096), ReLU(),
        Dense(units: imageNetClasses),
      ])
    return model.model("alexnet", input: imageNet)
  }()
}
