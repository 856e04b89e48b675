import Files
import Models
import Parallel
import Reporting
import Runs

/// `cnn-mpi export`: a trained model as an ONNX file.
enum ExportCommand {
  private struct Configuration: ModelConfiguration {
    var source = ModelSource()
    var models: [String] = []
    var onnx: String?
  }

  private typealias O = Option<Configuration>

  private static let options = OptionTable<Configuration>(
    groups: [
      ("Model", weightsOptions()),
      ("Output", [O("--onnx", \.onnx, .text("FILE.onnx"), "the ONNX file to write")]),
    ], operands: \Configuration.models)

  static let subcommand = Subcommand(
    name: "export", summary: "writes a trained model as an ONNX file", help: help,
    parse: { arguments throws(UsageError) in
      var configuration = Configuration()
      try options.parse(arguments, into: &configuration)
      guard configuration.models.count == 1 else {
        let found = configuration.models.isEmpty ? "none" : "\(configuration.models.count)"
        throw UsageError(
          description: "export: expected one run directory or .safetensors file, found \(found)")
      }
      guard let path = configuration.onnx else {
        throw UsageError(description: "export: expected --onnx FILE.onnx, found no file to write")
      }
      configuration.source.model = configuration.models[0]
      let source = configuration.source
      return .inWorld { world in
        let line = try world.agree { world.isRoot ? try export(source, to: path) : "" }
        try world.print(line)
      }
    })

  /// - Returns: a line that says what was written.
  private static func export(_ source: ModelSource, to path: String) throws -> String {
    let model = try TrainedModel(source)
    for note in model.notes { printNote(note) }
    let written = try model.writeONNX(to: path, version: CNNMPI.version)
    return "\(Path(path)): \(model.network.description.name), \(grouped(written.nodes)) nodes, "
      + "\(grouped(written.parameters)) parameters, \(grouped(written.bytes)) bytes\n"
  }

  private static let help = Help(
    usage: ["cnn-mpi export RUN|FILE.safetensors --onnx FILE.onnx [options]"],
    description: """
      Writes a trained model as an ONNX file, for ONNX Runtime and others. Its input are normalised pixels, its output
      are the logits of the classes; how pixels are normalised and what the classes are called is in its metadata. With
      --weights the model is given by a name or .json file, as for train.
      """,
    options: options.listed(defaults: Configuration()),
    closing: """
      Exit codes: 0 done, 1 failed, 2 usage.
      """,
    operand: "RUN|FILE")
}
