import Data
import Models
import Reporting

/// `cnn-mpi import`: weights of other programs as a model file.
enum ImportCommand {
  private struct Configuration {
    var work = ImportConfiguration()
    var files: [String] = []
  }

  private typealias O = Option<Configuration>

  private static let options = OptionTable<Configuration>(
    groups: [
      (
        "Model",
        [
          O("--model", \.work.model, .text("NAME|FILE.json"), "the network that the weights are of"),
          O("--out", \.work.out, .text("FILE.safetensors"), "the model file to write"),
          O(
            "--names", \.work.names, .text("MAP.json"),
            "layers or tensors of the network by the file's names for them"),
          O("--classes", \.work.classes, .text("FILE"), "names of the classes: a line each, or JSON"),
        ]
      ),
      (
        "Images",
        [
          O(
            "--mean", \.work.mean, .numbers,
            "of pixels in 0...1, by channel or one for all [usual for the network, or 0]"),
          O(
            "--deviation", \.work.deviation, .positiveNumbers,
            "their standard deviation, likewise [usual for the network, or 1]"),
          O(
            "--resize", \.work.resize, .count(),
            "pixels of the shorter side before the middle is cut out [usual for the network]"),
          O(
            "--interpolation", \.work.interpolation, .choice,
            "how photographs are resized [usual for the network]"),
          O("--channels", \.work.channels, .choice, "the order of the colours [usual for the network]"),
        ]
      ),
    ], operands: \Configuration.files)

  static let subcommand = Subcommand(
    name: "import", summary: "turns weights of other programs into a model file", help: help,
    parse: { arguments throws(UsageError) in
      var configuration = Configuration()
      try options.parse(arguments, into: &configuration)
      guard configuration.files.count == 1 else {
        throw UsageError(
          description: "import: expected a file of weights, found \(configuration.files.count) operands")
      }
      guard !configuration.work.model.isEmpty else {
        throw UsageError(description: "--model: expected a model's name or .json file, found nothing")
      }
      guard configuration.work.out.hasSuffix(".safetensors") else {
        throw UsageError(
          description:
            "--out: expected a file name that ends in .safetensors, found \"\(configuration.work.out)\"")
      }
      configuration.work.file = configuration.files[0]
      let complete = configuration.work
      return .inWorld { world in
        let report = try world.agree {
          world.isRoot ? try importWeights(complete, version: CNNMPI.version) : nil
        }
        try world.print(report.map { text(of: $0, complete.out) } ?? "")
      }
    })

  private static func text(of report: ImportReport, _ path: String) -> String {
    func numbers(_ values: [Float]) -> String {
      values.map { decimal(Double($0), 3) }.joined(separator: ", ")
    }
    var rows = [
      ("model", report.model),
      (
        "weights",
        "\(grouped(report.tensors)) tensors, \(grouped(report.parameters)) parameters, "
          + (report.library.map { "with the names of \($0)" } ?? "with the model's own names")
      ),
      (
        "normalization",
        "mean \(numbers(report.normalization.mean)), deviation \(numbers(report.normalization.deviation))"
      ),
    ]
    if let preprocessing = report.preprocessing {
      rows.append(
        (
          "photographs",
          "shorter side to \(preprocessing.resize) pixels (\(preprocessing.interpolation)), middle "
            + "\(preprocessing.crop) x \(preprocessing.crop), \(preprocessing.channels.rawValue)"
        ))
    }
    rows.append(("class names", report.hasClassNames ? "yes" : "none; --classes FILE gives them"))
    rows.append(("written", path))
    return table(rows) + "\n"
  }

  private static let help = Help(
    usage: ["cnn-mpi import FILE --model NAME|FILE.json --out FILE.safetensors [options]"],
    description: """
      Turns weights that another program wrote into a model file that says its network, preprocessing and class names,
      for predict, evaluate and train --weights. FILE is a .safetensors file or PyTorch's .pth or .pt, of which only
      tensors are read, no code. Names of PyTorch, torchvision, timm and Keras are recognised.
      """,
    options: options.listed(defaults: Configuration()),
    closing: """
      Exit codes: 0 done, 1 failed, 2 usage.
      """,
    operand: "FILE")
}
