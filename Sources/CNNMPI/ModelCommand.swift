import Files
import Models
import Networks
import Reporting
import Runs

/// `cnn-mpi model`: what a model is made of and what it costs.
enum ModelCommand {
  private struct Configuration {
    var models: [String] = []
    var json = false
    var dot = false
    var picture: String?
  }

  private typealias O = Option<Configuration>

  private static let options = OptionTable<Configuration>(
    groups: [
      (
        "Output",
        [
          O("--json", \.json, "print JSON instead of a table"),
          O("--dot", \.dot, "print the graph in Graphviz's language DOT instead"),
          O(
            "--picture", \.picture, .figureFile,
            "draw the graph too; without Graphviz write it beside it, as DOT"),
        ]
      )
    ], operands: \Configuration.models)

  static let subcommand = Subcommand(
    name: "model", summary: "shows what a model is made of and what it costs", help: help,
    parse: { arguments throws(UsageError) in
      var configuration = Configuration()
      try options.parse(arguments, into: &configuration)
      guard configuration.models.count == 1 else {
        throw UsageError(
          description: "model: expected a model's name or file, found \(configuration.models.count) operands")
      }
      guard !(configuration.json && configuration.dot) else {
        throw UsageError(description: "model: expected --json or --dot, found both")
      }
      let complete = configuration
      return .inWorld { world in
        let summary = try world.agree { NetworkSummary(try Network(describedBy: complete.models[0])) }
        let file = try world.agree {
          world.isRoot ? try complete.picture.map { try draw(summary, to: $0) } : nil
        }
        try world.print(text(of: summary, complete, picture: file))
      }
    })

  private static func text(
    of summary: NetworkSummary, _ configuration: Configuration, picture: String?
  ) throws -> String {
    if configuration.json { return String(decoding: try prettyJSON(summary), as: UTF8.self) }
    if configuration.dot { return summary.dot }
    return summary.text + (picture.map { "\n\($0)\n" } ?? "")
  }

  /// Draws the graph, or writes it as DOT where Graphviz is not installed.
  ///
  /// - Returns: the path of the file that was written.
  private static func draw(_ summary: NetworkSummary, to path: String) throws -> String {
    let graphviz = DrawingProgram.graphviz(FigureFormat(ofFile: path)!)
    guard graphviz.isInstalled else {
      let file = path.prefix(upTo: path.lastIndex(of: ".")!) + ".dot"
      try writeAtomically(Array(summary.dot.utf8), to: String(file))
      printNote(
        "Graphviz draws \(file): apt install graphviz; then dot -T\(path.suffix(3)) -o \(path) \(file)")
      return String(file)
    }
    try writeAtomically(try graphviz.draw(summary.dot, timeLimit: 60), to: path)
    return path
  }

  private static let help = Help(
    usage: ["cnn-mpi model NAME|FILE [options]"],
    description: """
      Shows a model layer by layer: what each reads and gives, parameters, and millions of floating-point operations
      of an image's forward pass (a multiply-add is two), and the memory that an image takes. The model is one of
      those that come with the program, a .json file, or that of a run directory or .safetensors file.
      """,
    options: options.listed(defaults: Configuration()),
    closing: """
      Models that come with the program:
      \(ModelZoo.models.map { "  \($0.name)" }.joined(separator: "\n"))

      Exit codes: 0 done, 1 failed, 2 usage.
      """,
    operand: "NAME|FILE")
}

extension NetworkSummary {
  fileprivate var text: String {
    let rows = layers.enumerated().map { index, layer in
      let before = index > 0 ? layers[index - 1].name : nil
      let isNext = layer.inputs == [before ?? "input"]
      return [
        layer.name, layer.type, isNext ? "" : layer.inputs.joined(separator: ", "), "\(layer.output)",
        layer.parameters > 0 ? grouped(layer.parameters) : "",
        layer.megaflop > 0 ? decimal(layer.megaflop, 2) : "",
      ]
    }
    let facts = table([
      ("model", model), ("input", "\(input)"), ("classes", grouped(classes)),
      ("parameters", "\(grouped(parameters)), and \(grouped(statistics)) running statistics"),
      ("forward pass", "\(decimal(megaflop, 1)) MFLOP an image"),
      (
        "memory",
        "\(bytes(parameterBytes)) of parameters; an image's activations take \(bytes(inferenceBytes)) in inference, "
          + "\(bytes(trainingBytes)) with gradients in training"
      ),
    ])
    return columns(["layer", "type", "reads", "output", "parameters", "MFLOP"], rows) + "\n\n\(facts)\n"
  }

  private func bytes(_ count: Int) -> String { "\(decimal(Double(count) / 1e6, 2)) MB" }
}
