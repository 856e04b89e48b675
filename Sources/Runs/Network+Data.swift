import Data
import Networks

extension Network {
  /// A described network for images: one that comes with the program takes their shape, and as many classes as they
  /// have. Where these have no names there may be fewer in the data than the network tells apart.
  ///
  /// - Parameter replacingHead: the network's head is to start anew, so that it has just the classes of the images,
  ///   whoever described it.
  /// - Throws: `ModelError` with the layer that does not fit.
  package init(
    _ described: ModelDescription, for train: any Dataset, _ test: any Dataset, replacingHead: Bool = false
  ) throws(ModelError) {
    let network = try Network(described)
    let isOurs = ModelZoo.models.contains { $0.name == described.name }
    guard isOurs || replacingHead else {
      self = network
      return
    }
    let most = max(train.classes, test.classes)
    if train.classNames == nil, most > network.classes { try Self.checkLabels(train, network) }
    guard !replacingHead || network.head != nil else {
      throw ModelError(
        "\(described.title): expected a dense layer that gives the logits, as its head, found none")
    }
    let classes = train.classNames == nil && !replacingHead ? max(most, network.classes) : most
    let shape = isOurs ? train.shape : network.input
    let fits = classes == network.classes && shape == network.input
    self = fits ? network : try Network(described.fitted(to: shape, classes: classes))
  }

  /// Refuses labels without names that a network does not have, unless they are plainly classes of their own: every
  /// number up to the largest.
  private static func checkLabels(_ images: any Dataset, _ network: Network) throws(ModelError) {
    guard Set(images.labels).count < images.classes,
      let index = images.labels.firstIndex(where: { $0 >= network.classes })
    else { return }
    throw ModelError(
      "model \(network.description.name): expected labels in 0..<\(network.classes), found label "
        + "\(images.labels[index]) of image \(index), and none between")
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
