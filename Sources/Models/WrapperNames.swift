import Networks

/// What PyTorch's wrappers around a model put before all names of its tensors: `module.` by `DataParallel`,
/// `DistributedDataParallel` and `AveragedModel`, `_orig_mod.` by `torch.compile`.
private let wrappers = ["module.", "_orig_mod."]

/// The tensor that `AveragedModel` counts in how often it averaged; it belongs to no layer.
private let averageCounter = "n_averaged"

/// More wrappers within each other than anybody uses.
private let mostWrappers = 8

extension Network {
  /// What wrappers around the model put before the names of its tensors, such as `_orig_mod.module.`; empty
  /// where they put nothing, or not before every one.
  ///
  /// A network whose own names begin like that has none left out.
  func wrapperPrefix(of names: [String]) -> String {
    let own = Set(layout.tensors.map(\.name))
    var (prefix, rest) = ("", names)
    for _ in 0..<mostWrappers where !rest.contains(where: own.contains) {
      let inside = rest.filter { $0 != averageCounter }
      guard !inside.isEmpty,
        let wrapper = wrappers.first(where: { wrapper in inside.allSatisfy { $0.hasPrefix(wrapper) } })
      else { break }
      prefix += wrapper
      rest = inside.map { String($0.dropFirst(wrapper.count)) }
    }
    return prefix
  }
}
