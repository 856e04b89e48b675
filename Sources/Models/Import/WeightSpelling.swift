import Networks

/// How a library spells the names of a network's tensors.
struct WeightSpelling {
  /// The library, for messages; nil for the network's own names.
  let library: String?
  /// The network's layers by the library's names for them.
  let layers: [String: String]

  /// The spellings that weights of a network may come in: its own names first, then the known ones of others.
  static func known(for network: Network) -> [WeightSpelling] {
    let own = network.nodes.filter { !$0.tensors.isEmpty }.map(\.name)
    let others: [WeightSpelling] =
      switch ModelZoo.models.first(where: { $0.hasLayers(of: network) })?.name {
      case "efficientnet-lite0":
        [WeightSpelling(library: "timm", layers: timmEfficientNet())]
      case "mobilenet-v2":
        [WeightSpelling(library: "timm", layers: timmMobileNetV2())]
      case "resnet18-cifar":
        [WeightSpelling(library: "pytorch-cifar", layers: pyTorchCIFAR(own))]
      case "vgg16", "vgg19":
        [
          WeightSpelling(library: "Keras", layers: kerasVGG(network)),
          WeightSpelling(library: "timm", layers: timmVGG(own)),
        ]
      case "vgg11":
        [WeightSpelling(library: "timm", layers: timmVGG(own))]
      default: []
      }
    let identity = Dictionary(uniqueKeysWithValues: own.map { ($0, $0) })
    return [WeightSpelling(library: nil, layers: identity)] + others
  }

  /// Blocks a stage of EfficientNet-Lite0.
  private static let efficientNetStages = [1, 2, 2, 3, 3, 4, 1]

  private static func timmEfficientNet() -> [String: String] {
    var layers = [
      "conv_stem": "_conv_stem", "bn1": "_bn0", "conv_head": "_conv_head", "bn2": "_bn1", "classifier": "_fc",
    ]
    var number = 0
    for (stage, count) in efficientNetStages.enumerated() {
      for block in 0..<count {
        let (theirs, ours) = ("blocks.\(stage).\(block)", "_blocks.\(number)")
        number += 1
        let parts =
          stage == 0
          ? [("conv_dw", "_depthwise_conv"), ("bn1", "_bn1"), ("conv_pw", "_project_conv"), ("bn2", "_bn2")]
          : [
            ("conv_pw", "_expand_conv"), ("bn1", "_bn0"), ("conv_dw", "_depthwise_conv"), ("bn2", "_bn1"),
            ("conv_pwl", "_project_conv"), ("bn3", "_bn2"),
          ]
        for (their, own) in parts { layers["\(theirs).\(their)"] = "\(ours).\(own)" }
      }
    }
    return layers
  }

  /// Blocks a stage of MobileNet-V2.
  private static let mobileNetStages = [1, 2, 3, 4, 3, 3, 1]

  private static func timmMobileNetV2() -> [String: String] {
    var layers = [
      "conv_stem": "features.0.0", "bn1": "features.0.1", "conv_head": "features.18.0",
      "bn2": "features.18.1",
      "classifier": "classifier.1",
    ]
    var number = 1
    for (stage, count) in mobileNetStages.enumerated() {
      for block in 0..<count {
        let (theirs, ours) = ("blocks.\(stage).\(block)", "features.\(number).conv")
        number += 1
        let parts =
          stage == 0
          ? [("conv_dw", "0.0"), ("bn1", "0.1"), ("conv_pw", "1"), ("bn2", "2")]
          : [
            ("conv_pw", "0.0"), ("bn1", "0.1"), ("conv_dw", "1.0"), ("bn2", "1.1"), ("conv_pwl", "2"),
            ("bn3", "3"),
          ]
        for (their, own) in parts { layers["\(theirs).\(their)"] = "\(ours).\(own)" }
      }
    }
    return layers
  }

  /// The names of github.com/kuangliu/pytorch-cifar.
  private static func pyTorchCIFAR(_ own: [String]) -> [String: String] {
    Dictionary(
      uniqueKeysWithValues: own.map { name in
        let theirs = name == "fc" ? "linear" : name.replacing(".downsample.", with: ".shortcut.")
        return (theirs, name)
      })
  }

  /// timm has convolutions in the place of the first two dense layers.
  private static func timmVGG(_ own: [String]) -> [String: String] {
    let dense = [
      "classifier.0": "pre_logits.fc1", "classifier.3": "pre_logits.fc2", "classifier.6": "head.fc",
    ]
    return Dictionary(uniqueKeysWithValues: own.map { (dense[$0] ?? $0, $0) })
  }

  private static func kerasVGG(_ network: Network) -> [String: String] {
    var layers: [String: String] = [:]
    var (block, convolution) = (1, 0)
    var dense = ["predictions", "fc2", "fc1"]
    for node in network.nodes {
      if node.layer is MaxPool2D { (block, convolution) = (block + 1, 0) }
      if node.layer is Conv2D {
        convolution += 1
        layers["block\(block)_conv\(convolution)"] = node.name
      }
      if node.layer is Dense, let theirs = dense.popLast() { layers[theirs] = node.name }
    }
    return layers
  }
}

extension ModelDescription {
  /// A network is this one of the zoo, by its name and its layers' names; its classes may be others.
  fileprivate func hasLayers(of network: Network) -> Bool {
    guard name == network.description.name, let known = try? Network(self) else { return false }
    return known.nodes.map(\.name) == network.nodes.map(\.name)
  }
}
