import Glibc

// Fine-tuning: some layers keep their weights, the last one starts anew.

extension Network {
  /// The dense layer that gives the logits; nil where these come from elsewhere.
  package var head: Node? {
    guard let last = nodes.lastIndex(where: { $0.layer is Dense }),
      nodes[last...].allSatisfy({ $0.output.count == classes })
    else { return nil }
    return nodes[last]
  }

  /// The same network with layers that are not trained: their weights and running statistics stay as they are,
  /// and batch normalisation goes by the latter. Where nothing is trained before a layer, it needs no backward pass.
  ///
  /// - Parameters:
  ///   - words: each the name of a layer, such as `layer1.0.conv1`; the beginning of names up to a dot, such as
  ///     `layer1`; or a pattern of the shell for names, such as `features.[0-4].*`.
  ///   - keepingHead: the words do not mean the head.
  /// - Throws: `ModelError` where a word means no layer with weights, and where nothing is left to be trained.
  package func freezing(_ words: [String], keepingHead: Bool = false) throws(ModelError) -> Network {
    guard !words.isEmpty else { return self }
    let head = keepingHead ? head?.name : nil
    let layers = nodes.filter { !$0.tensors.isEmpty && $0.name != head }.map(\.name)
    var frozen = Set<String>()
    for word in words {
      let meant = layers.filter { isMeant($0, by: word) }
      guard !meant.isEmpty else {
        let besides = head.map { ", besides the head, \($0), which is new" } ?? ""
        throw ModelError(
          "\(description.title): expected layers with weights to freeze\(besides), found none by \"\(word)\"; "
            + "there are \(Self.modules(of: layers, besideLike: word))")
      }
      frozen.formUnion(meant)
    }
    let network = try Network(description, frozen: frozen)
    guard !network.layout.trainable.isEmpty else {
      throw ModelError(
        "\(description.title): expected a layer that is trained, found all \(frozen.count) with weights frozen"
      )
    }
    return network
  }

  /// What words can mean: the first parts of the layers' names, or where the word begins with one of those, the
  /// names behind it.
  private static func modules(of layers: [String], besideLike word: String) -> String {
    func first(_ name: String) -> Substring { name.prefix { $0 != "." } }
    let beside = layers.filter { $0.contains(".") && first($0) == first(word) }
    var names: [String] = []
    for name in beside.isEmpty ? layers.map({ String(first($0)) }) : beside where !names.contains(name) {
      names.append(name)
    }
    let shown = names.prefix(mostNames).joined(separator: ", ")
    return names.count > mostNames ? "\(shown) and \(names.count - mostNames) more" : shown
  }
}

/// How many names a message lists.
private let mostNames = 16

/// Says whether a word of `Network.freezing` means a layer.
private func isMeant(_ layer: String, by word: String) -> Bool {
  layer == word || layer.hasPrefix(word + ".") || fnmatch(word, layer, 0) == 0
}
