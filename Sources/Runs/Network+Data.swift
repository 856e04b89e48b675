import Data
import Networks

extension Network {
  /// A described network for images: one that comes with the program takes their shape, and as many classes as they
  /// have. Where these have no names there may be fewer in the data than the network tells apart.
  ///
  /// - Throws: `ModelError` with the layer that does not fit.
  package init(
    _ described: ModelDescription, for train: any Dataset, _ test: any Dataset
  ) throws(ModelError) {
    let network = try Network(described)
    guard ModelZoo.models.contains(where: { $0.name == described.name }) else {
      self = network
      return
    }
    let most = max(train.classes, test.classes)
    if train.classNames == nil, most > network.classes { try Self.checkLabels(train, network) }
    let classes = train.classNames == nil ? max(most, network.classes) : most
    let fits = classes == network.classes && train.shape == network.input
    self = fits ? network : try Network(described.fitted(to: train.shape, classes: classes))
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
