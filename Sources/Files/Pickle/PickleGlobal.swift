/// What a pickle may be made of.
enum PickleContent {
  /// PyTorch's tensors.
  case tensors
  /// NumPy's arrays.
  case arrays

  /// For messages.
  var expected: String {
    switch self {
    case .tensors: "tensors only"
    case .arrays: "arrays and plain values only"
    }
  }
}

/// What pickles may name; anything else could be a program.
enum PickleGlobal: Equatable {
  case orderedDictionary
  /// Learning-rate schedules have their milestones in one.
  case counter
  case size
  case rebuildTensor
  case rebuildTensorV2
  case rebuildParameter
  case storage(PyTorchType)

  /// The function that makes an empty array.
  case reconstruct
  /// The function that makes an array of bytes, from protocol 5 on.
  case fromBuffer
  /// The class of arrays.
  case array
  /// The class of types of numbers.
  case numberType
  /// Python 3 writes bytes for Python 2 as the text that has them as characters of Latin-1.
  case encode

  /// - Parameter name: module and name with a dot between them.
  /// - Returns: nil for what is in no pickle of `content`.
  init?(_ name: String, in content: PickleContent) {
    switch (content, name) {
    case (_, "collections.OrderedDict"): self = .orderedDictionary
    case (.tensors, "collections.Counter"): self = .counter
    case (.tensors, "torch.Size"): self = .size
    case (.tensors, "torch._utils._rebuild_tensor"): self = .rebuildTensor
    case (.tensors, "torch._utils._rebuild_tensor_v2"): self = .rebuildTensorV2
    case (.tensors, "torch._utils._rebuild_parameter"): self = .rebuildParameter
    case (.tensors, _):
      guard let type = PyTorchType.allCases.first(where: { $0.storage == name }) else { return nil }
      self = .storage(type)
    // The second names are NumPy 2's.
    case (.arrays, "numpy.core.multiarray._reconstruct"), (.arrays, "numpy._core.multiarray._reconstruct"):
      self = .reconstruct
    case (.arrays, "numpy.core.numeric._frombuffer"), (.arrays, "numpy._core.numeric._frombuffer"):
      self = .fromBuffer
    case (.arrays, "numpy.ndarray"): self = .array
    case (.arrays, "numpy.dtype"): self = .numberType
    case (.arrays, "_codecs.encode"): self = .encode
    case (.arrays, _): return nil
    }
  }

  var name: String {
    switch self {
    case .orderedDictionary: "collections.OrderedDict"
    case .counter: "collections.Counter"
    case .size: "torch.Size"
    case .rebuildTensor: "torch._utils._rebuild_tensor"
    case .rebuildTensorV2: "torch._utils._rebuild_tensor_v2"
    case .rebuildParameter: "torch._utils._rebuild_parameter"
    case .storage(let type): type.storage
    case .reconstruct: "numpy.core.multiarray._reconstruct"
    case .fromBuffer: "numpy.core.numeric._frombuffer"
    case .array: "numpy.ndarray"
    case .numberType: "numpy.dtype"
    case .encode: "_codecs.encode"
    }
  }
}
