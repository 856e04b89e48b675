import Files
import Networks
import Tensors

/// Weights of a network that another program wrote, under its names and in its order.
package struct ImportedWeights: Sendable {
  /// In the layout of the network.
  package let parameters: SharedBuffer<Float>
  /// The library whose names were recognised; nil for the network's own.
  package let library: String?

  /// Fills a network with tensors.
  ///
  /// - Parameters:
  ///   - names: the network's tensors or layers by the file's names for them; they go before what is recognised.
  ///   - source: the file, for messages.
  /// - Throws: `ModelError` that lists what is missing, left over, or of another shape, with shapes.
  package init(
    _ tensors: [NamedTensor], for network: Network, names: [String: String] = [:], from source: String
  ) throws(ModelError) {
    try Self.check(names, tensors, network, source)
    let assignments = WeightSpelling.known(for: network).map {
      WeightAssignment(of: tensors, to: network, $0, names: names)
    }
    // The first of those that fit best: the network's own names come first.
    let best = assignments.dropFirst().reduce(assignments[0]) { $1.count > $0.count ? $1 : $0 }
    if let misfits = best.misfits {
      throw ModelError(
        "\(source): expected the tensors of model \(network.description.name), found \(misfits)")
    }
    library = best.spelling.library
    parameters = SharedBuffer(repeating: 0, count: network.layout.parameterCount)
    let parameters = parameters
    var arena = parameters.mutableSpan
    for (index, place) in network.layout.tensors.enumerated() {
      let (tensor, numbers) = best.assigned[index]!
      try Network.check(numbers, of: tensor.name, as: place.name, from: source)
      var part = arena[slice: place.range]
      part.copy(from: numbers.span)
    }
  }

  /// Refuses a map to what the network does not have, or from what the file does not have.
  private static func check(
    _ names: [String: String], _ tensors: [NamedTensor], _ network: Network, _ source: String
  ) throws(ModelError) {
    let wrapper = network.wrapperPrefix(of: tensors.map(\.name)).count
    let found = tensors.map { String($0.name.dropFirst(wrapper)) }
    let there = Set(found + found.map { ForeignTensor($0).layer })
    if let unused = names.keys.sorted().first(where: { !there.contains($0) }) {
      throw ModelError(
        "\(source): expected a layer or tensor that is mapped, \"\(unused)\", found none of that name")
    }
    let known = Set(network.layout.tensors.map(\.name) + network.nodes.map(\.name))
    for (theirs, ours) in names.sorted(by: { $0.key < $1.key }) where !known.contains(ours) {
      throw ModelError(
        "\(source): expected \"\(theirs)\" to be mapped to a layer or tensor of model "
          + "\(network.description.name), found \"\(ours)\"")
    }
  }
}

/// Which tensor of a file goes to which of a network, by one way of spelling their names.
private struct WeightAssignment {
  let spelling: WeightSpelling
  /// For each tensor of the network the one of the file, and its numbers in the network's order.
  private(set) var assigned: [(tensor: NamedTensor, numbers: [Float])?]
  /// Tensors of the file that have a place of another shape, or whose place is taken.
  private var wrong: [(tensor: NamedTensor, place: Int, expected: String)] = []
  /// Tensors of the file that no layer has.
  private var unknown: [NamedTensor] = []
  private let network: Network
  private let tensorPlaces: [TensorPlace]

  init(of tensors: [NamedTensor], to network: Network, _ spelling: WeightSpelling, names: [String: String]) {
    self.spelling = spelling
    self.network = network
    tensorPlaces = network.tensorPlaces
    assigned = network.layout.tensors.map { _ in nil }
    let wrapper = network.wrapperPrefix(of: tensors.map(\.name))
    let places = Dictionary(uniqueKeysWithValues: network.layout.tensors.enumerated().map { ($1.name, $0) })
    for tensor in tensors where tensor.name.hasPrefix(wrapper) {
      let name = String(tensor.name.dropFirst(wrapper.count))
      let foreign = ForeignTensor(name)
      guard let parameter = foreign.parameter else { continue }
      let layer = names[foreign.layer] ?? spelling.layers[foreign.layer]
      guard let place = places[names[name] ?? layer.map { "\($0).\(parameter)" } ?? ""] else {
        unknown.append(tensor)
        continue
      }
      assign(tensor, isKeras: foreign.isKeras, to: place)
    }
  }

  private mutating func assign(_ tensor: NamedTensor, isKeras: Bool, to place: Int) {
    let (own, form) = (network.layout.tensors[place], network.pyTorchForms[place])
    if let other = assigned[place] {
      wrong.append((tensor, place, "only one tensor for \(own.name), which \(other.tensor.name) is"))
    } else if let numbers = tensor.numbers(for: tensorPlaces[place], isKeras: isKeras) {
      assigned[place] = (tensor, numbers)
    } else {
      wrong.append((tensor, place, "\(isKeras ? own.shape : form.shape) for \(own.name)"))
    }
  }

  /// How many tensors of the network have a place here.
  var count: Int { assigned.count { $0 != nil } + wrong.count }

  /// What does not fit; nil where all does.
  var misfits: String? {
    let misplaced = Set(wrong.map(\.place))
    let missing = assigned.indices.filter { assigned[$0] == nil && !misplaced.contains($0) }
    let parts = [
      list("missing", missing.map { "\(network.layout.tensors[$0].name) \(network.pyTorchForms[$0].shape)" }),
      list("left over", unknown.map { "\($0.name) \($0.shape)" }),
      list(
        "of another shape or type",
        wrong.map { "\($0.tensor.name) \($0.tensor.shape), expected \($0.expected)" }),
    ].compactMap { $0 }
    return parts.isEmpty ? nil : parts.joined(separator: "; ")
  }

  /// Lists the first ones, and says how many more there are.
  private func list(_ what: String, _ items: [String]) -> String? {
    guard !items.isEmpty else { return nil }
    let more = items.count > 12 ? " and \(items.count - 12) more" : ""
    return "\(items.count) \(what) (\(items.prefix(12).joined(separator: ", "))\(more))"
  }
}
