import Networks
import Tensors

// A network's arenas as PyTorch's files have them: `conv1.weight` as (K, C, KH, KW), and so on.

extension Network {
  /// Says whether a tensor of this name is one of the model itself, not of what checkpoints keep beside it.
  package static func isOwn(_ name: String) -> Bool {
    !reservedNames.contains { name.hasPrefix($0 + ".") }
  }

  /// The tensors in an arena, by their names and in the order of a PyTorch `state_dict`.
  ///
  /// - Parameters:
  ///   - arena: of this network's layout, as long as `part` at least.
  ///   - prefix: what the names begin with, such as `optimizer.velocity.`.
  ///   - batchesTracked: `num_batches_tracked` of batch normalisation layers, which come with `.parameters`.
  /// - Throws: `NotFiniteError` where a number is NaN or infinite: every file of weights is made of these tensors.
  package func exported(
    _ arena: Span<Float>, _ part: ParameterLayout.Part = .parameters, prefix: String = "",
    batchesTracked: Int64 = 0
  ) throws(NotFiniteError) -> [NamedTensor] {
    var exported: [NamedTensor] = []
    for node in nodes {
      for (tensor, form) in tensors(of: part, in: node.tensors) {
        let numbers = form.exported(arena.extracting(tensor.range))
        let wrong = numbers.count { !$0.isFinite }
        guard wrong == 0 else {
          throw NotFiniteError(tensor: prefix + tensor.name, count: wrong, of: numbers.count)
        }
        exported.append(NamedTensor(prefix + tensor.name, form.shape, .floats(numbers)))
      }
      if part == .parameters, node.layer is BatchNorm {
        exported.append(NamedTensor("\(prefix)\(node.name).\(batchCounter)", [], .integers([batchesTracked])))
      }
    }
    return exported
  }

  /// Fills an arena from tensors such as `exported` makes. Every tensor of the network must be among them, in
  /// its shape, and no other; only `num_batches_tracked` may be there or not. All numbers must be finite, and no
  /// running variance below 0.
  ///
  /// - Parameters:
  ///   - tensors: in any order.
  ///   - besides: a layer that may be missing or in other shapes among the tensors, and stays as it is.
  ///   - source: the file they are from, for messages.
  /// - Throws: `ModelError` with what was expected and found; the arena may be filled in part then.
  package func restore(
    _ tensors: [NamedTensor], _ part: ParameterLayout.Part = .parameters, besides layer: Node? = nil,
    prefix: String = "", from source: String, to arena: inout MutableSpan<Float>
  ) throws(ModelError) {
    var found: [String: NamedTensor] = [:]
    for tensor in tensors where !tensor.name.hasSuffix(".\(batchCounter)") { found[tensor.name] = tensor }
    try expect(Set(found.keys), part, besides: layer, prefix: prefix, from: source)
    for (tensor, form) in self.tensors(of: part, besides: layer) {
      let (name, shape) = (prefix + tensor.name, form.shape)
      guard let given = found[name], given.shape == shape else {
        throw shapeError(of: tensor, as: name, shape, found[name]!.shape, from: source)
      }
      guard case .floats(let numbers) = given.values else {
        throw ModelError("\(source): expected tensor \(name) to hold floating-point numbers, found integers")
      }
      try Self.check(numbers, of: name, as: tensor.name, from: source)
      var values = arena[slice: tensor.range]
      form.restore(numbers.span, to: &values)
    }
  }

  private func shapeError(
    of tensor: ParameterLayout.Tensor, as name: String, _ shape: [Int], _ found: [Int], from source: String
  ) -> ModelError {
    let what =
      "\(source): expected tensor \(name) in shape \(shape), as model \(description.name) has it, found shape "
      + "\(found)"
    let isOfHead = head.map { layout.tensors[$0.tensors].contains(tensor) } ?? false
    guard isOfHead, shape.dropFirst() == found.dropFirst(), let classes = found.first else {
      return ModelError(what)
    }
    return ModelError("\(what): \(classes) classes, not \(self.classes)", cause: .otherClasses)
  }

  /// - Parameters:
  ///   - name: the tensor's name in the file.
  ///   - own: its name in the network.
  /// - Throws: `ModelError` where a number is not finite as a `Float`, or is a variance below 0.
  static func check(
    _ numbers: [Float], of name: String, as own: String, from source: String
  ) throws(ModelError) {
    let wrong = numbers.count { !$0.isFinite }
    guard wrong == 0 else {
      throw ModelError(
        "\(source): expected tensor \(name) to hold numbers that are finite in 32 bits, found \(wrong) of "
          + "\(numbers.count) that are NaN or infinite; no model can be run with them")
    }
    guard own.hasSuffix(".\(runningVariance)"), case let negative = numbers.count(where: { $0 < 0 }),
      negative > 0
    else { return }
    throw ModelError(
      "\(source): expected tensor \(name) to hold variances of at least 0, found \(negative) of \(numbers.count) "
        + "below")
  }

  /// The tensors of an arena with their forms, all or some of them.
  private func tensors(
    of part: ParameterLayout.Part, in indices: Range<Int>? = nil, besides layer: Node? = nil
  ) -> [(tensor: ParameterLayout.Tensor, form: PyTorchForm)] {
    (indices ?? layout.tensors.indices).filter { layer?.tensors.contains($0) != true }
      .map { (layout.tensors[$0], pyTorchForms[$0]) }
      .filter { part == .parameters || $0.tensor.isTrained }
  }

  /// - Throws: `ModelError` where the names that a file has are not those that `restore` expects.
  package func expect(
    _ names: Set<String>, _ part: ParameterLayout.Part = .parameters, besides layer: Node? = nil,
    prefix: String = "", from source: String
  ) throws(ModelError) {
    let wanted = self.tensors(of: part, besides: layer).map { prefix + $0.tensor.name }
    let ignored = layer.map { "\(prefix)\($0.name)." }
    let found = names.filter { name in
      !name.hasSuffix(".\(batchCounter)") && !(ignored.map(name.hasPrefix) ?? false)
    }
    let missing = wanted.filter { !found.contains($0) }
    let unknown = found.subtracting(wanted).sorted()
    let model = "model \(description.name)"
    if !missing.isEmpty {
      let instead = unknown.isEmpty ? "no such tensor" : "\(list(unknown)) instead"
      throw ModelError(
        "\(source): expected \(list(missing)), as \(model) has, found \(instead); the model's layers "
          + "need the names that they have in the file")
    }
    if !unknown.isEmpty {
      throw ModelError("\(source): expected the tensors of \(model) alone, found also \(list(unknown))")
    }
  }
}

/// Weights are NaN or infinite, as after an update that was too large, and are not written.
package struct NotFiniteError: Error, Equatable, CustomStringConvertible {
  package let tensor: String
  /// How many of the tensor's numbers are not finite.
  package let count: Int
  /// How many numbers the tensor has.
  package let total: Int

  init(tensor: String, count: Int, of total: Int) {
    self.tensor = tensor
    self.count = count
    self.total = total
  }

  package var description: String {
    "training diverged: expected finite numbers in tensor \(tensor), found \(count) of \(total) that are NaN or "
      + "infinite; try a lower learning rate or a longer warm-up"
  }
}

/// The tensor that counts the batches that running statistics were averaged over. PyTorch keeps it, but uses it
/// only with `momentum=None`.
private let batchCounter = "num_batches_tracked"

/// The tensor of batch normalisation that holds variances.
private let runningVariance = "running_var"

/// Lists a few names, and says how many more there are.
private func list(_ names: [String]) -> String {
  let shown = names.prefix(4).joined(separator: ", ")
  return names.count > 4 ? "\(shown) and \(names.count - 4) more" : shown
}
