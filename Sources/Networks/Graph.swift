/// How the layers of a model are connected: which values each of them reads, and who reads these.
///
/// Values are numbered: 0 is the model's input, the images; i + 1 is what layer i gives.
struct Graph {
  /// The name by which layers read the images.
  static let images = "input"

  /// The layers' names, given ones or those by type and number.
  let names: [String]
  /// The values that each layer reads.
  let inputs: [[Int]]
  /// The layers that read each value, once for each of their inputs that is this value.
  let readers: [[Int]]

  /// - Throws: `ModelError` where a name is taken twice or unknown, where layers read in a circle or what comes
  ///   after them, and where nobody reads a value but the last.
  init(_ description: ModelDescription) throws(ModelError) {
    names = try Self.names(of: description)
    inputs = try Self.inputs(of: description, names)
    var readers = [[Int]](repeating: [], count: names.count + 1)
    for (layer, values) in inputs.enumerated() {
      for value in values { readers[value].append(layer) }
    }
    self.readers = readers
    guard let unread = readers.dropLast().firstIndex(where: \.isEmpty) else { return }
    let (what, last) = (unread > 0 ? "layer \(names[unread - 1])" : "the model's input", names.last!)
    throw ModelError(
      "\(description.title): expected that all but the last layer, \(last), are read, found no layer that "
        + "reads \(what)")
  }

  /// The name of a value, for messages.
  func name(ofValue value: Int) -> String { value > 0 ? "layer \(names[value - 1])" : "the model's input" }

  /// The layer that alone reads what `layer` gives; nil where there are several, or none.
  func onlyReader(of layer: Int) -> Int? {
    let all = readers[layer + 1]
    return all.count == 1 ? all[0] : nil
  }

  private static func names(of description: ModelDescription) throws(ModelError) -> [String] {
    var counts: [String: Int] = [:]
    var names: [String] = []
    var known = Set<String>()
    for item in description.layers {
      let type = type(of: item.layer)
      counts[type.shortName, default: 0] += 1
      let name = item.name ?? "\(type.shortName)\(counts[type.shortName]!)"
      guard known.insert(name).inserted else {
        throw ModelError("\(description.title): two layers are called \"\(name)\"")
      }
      guard name != images else {
        throw ModelError(
          "\(description.title): expected another name than \"\(name)\" for a layer, as layers read the "
            + "images by it")
      }
      guard !Network.reservedNames.contains(String(name.prefix { $0 != "." })) else {
        throw ModelError(
          "\(description.title): expected another name than \"\(name)\" for a layer, as checkpoints call "
            + "what is not the model's own \(Network.reservedNames.joined(separator: ", "))")
      }
      names.append(name)
    }
    return names
  }

  private static func inputs(
    of description: ModelDescription, _ names: [String]
  ) throws(ModelError) -> [[Int]] {
    var values = [images: 0]
    for (index, name) in names.enumerated() { values[name] = index + 1 }
    var inputs: [[Int]] = []
    for (index, item) in description.layers.enumerated() {
      guard let given = item.inputs else {
        inputs.append([index])
        continue
      }
      var own: [Int] = []
      for name in given {
        guard let value = values[name] else {
          throw ModelError(
            "\(description.title), layer \(names[index]): expected inputs that are layers, or \"\(images)\" for "
              + "the images, found \"\(name)\"")
        }
        own.append(value)
      }
      inputs.append(own)
    }
    try checkOrder(of: inputs, names, description)
    return inputs
  }

  /// Refuses a layer that reads itself or what comes after it.
  private static func checkOrder(
    of inputs: [[Int]], _ names: [String], _ description: ModelDescription
  ) throws(ModelError) {
    let ahead = inputs.indices.filter { layer in inputs[layer].contains { $0 > layer } }
    for layer in ahead {
      guard let circle = circle(through: layer, inputs) else { continue }
      let path = (circle + [circle[0]]).map { names[$0] }.joined(separator: " -> ")
      throw ModelError("\(description.title): expected layers without a cycle, found \(path)")
    }
    if let layer = ahead.first, let later = inputs[layer].first(where: { $0 > layer }) {
      throw ModelError(
        "\(description.title), layer \(names[layer]): expected inputs that are listed before it, found "
          + "\(names[later - 1]) behind it")
    }
  }

  /// The layers of a circle in the direction of the data, from `start` on; nil where none leads back to it.
  private static func circle(through start: Int, _ inputs: [[Int]]) -> [Int]? {
    // The layer behind each one that was found on the way from `start` to what it depends on.
    var next: [Int: Int] = [:]
    var pending = [start]
    while let layer = pending.popLast() {
      for value in inputs[layer] where value > 0 {
        let source = value - 1
        if source == start {
          var path = [start, layer]
          while path.last! != start { path.append(next[path.last!]!) }
          return path.dropLast()
        }
        if next[source] == nil {
          next[source] = layer
          pending.append(source)
        }
      }
    }
    return nil
  }
}
