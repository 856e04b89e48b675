import Data
import Networks
import Tensors

extension Network {
  /// A described network for images: one that comes with the program takes their shape, and as many classes as they
  /// have. Where these have no names there may be fewer in the data than the network tells apart.
  ///
  /// - Parameters:
  ///   - replacingHead: the network's head is to start anew, so that it has just the classes of the images,
  ///   whoever described it.
  ///   - input: the shape that it is to take; nil for what is said above.
  ///   - classes: as many as it is to tell apart; nil for what is said above.
  /// - Throws: `ModelError` with the layer that does not fit.
  package init(
    _ described: ModelDescription, for train: any Dataset, _ test: any Dataset, replacingHead: Bool = false,
    input: Shape? = nil, classes: Int? = nil
  ) throws(ModelError) {
    let network = try Network(described)
    let isOurs = ModelZoo.models.contains { $0.name == described.name }
    let most = max(train.classes, test.classes)
    if isOurs || replacingHead, classes == nil, train.classNames == nil, most > network.classes {
      try Self.checkLabels(train, network)
    }
    guard !replacingHead && classes == nil || network.head != nil else {
      throw ModelError(
        "\(described.title): expected a dense layer that gives the logits, as its head, found none")
    }
    let fitting =
      isOurs && train.classNames == nil && !replacingHead
      ? max(most, network.classes) : isOurs || replacingHead ? most : network.classes
    let shape = input ?? (isOurs ? train.shape : network.input)
    let fits = classes ?? fitting == network.classes && shape == network.input
    self = fits ? network : try Self.fitted(described, to: shape, classes: classes ?? fitting)
  }

  /// - Throws: `ModelError` with the first layer that cannot work on images of this shape, and the size that would do.
  private static func fitted(
    _ described: ModelDescription, to shape: Shape, classes: Int
  ) throws(ModelError) -> Network {
    do {
      return try Network(described.fitted(to: shape, classes: classes))
    } catch {
      let larger = (max(shape.height, shape.width) + 1)...max(512, 2 * max(shape.height, shape.width))
      let least = larger.first { side in
        let square = Shape(side, side, shape.channels)
        return (try? Network(described.fitted(to: square, classes: classes))) != nil
      }
      guard let least else { throw error }
      throw ModelError("\(error); images of at least \(least)x\(least) will do", cause: error.cause)
    }
  }

  /// Refuses labels without names that a network does not have, unless they are plainly classes of their own: every
  /// number up to the largest.
  private static func checkLabels(_ images: any Dataset, _ network: Network) throws(ModelError) {
    guard Set(images.labels).count < images.classes,
      let index = images.labels.firstIndex(where: { $0 >= network.classes })
    else { return }
    throw ModelError(
      "model \(network.description.name): expected labels in 0..<\(network.classes), found label "
        + "\(images.labels[index]) of image \(index), and none between: the label is wrong, or most classes have no images"
    )
  }

  /// Refuses images that the network does not take.
  package func check(_ images: any Dataset) throws(ModelError) {
    guard images.shape == input else {
      throw ModelError(
        "model \(description.name): its input is \(input), but the images are \(images.shape)")
    }
    guard images.classes <= classes else {
      throw ModelError(
        "model \(description.name): it tells \(classes) classes apart, but the data has \(images.classes)")
    }
  }
}
