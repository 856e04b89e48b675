import Models
import Runs

/// A configuration that says which trained model.
protocol ModelConfiguration: SendableMetatype {
  var source: ModelSource { get set }
}

extension EvaluationConfiguration: ModelConfiguration {}
extension PredictionConfiguration: ModelConfiguration {}

/// The options for it.
func modelOptions<Configuration: ModelConfiguration>() -> [Option<Configuration>] {
  [
    Option(
      "--model", \.source.model, .text("RUN|FILE"),
      "run directory or .safetensors file; with --weights a name or .json file, as for train")
  ] + weightsOptions()
}

/// Those that say more of it than where it is.
func weightsOptions<Configuration: ModelConfiguration>() -> [Option<Configuration>] {
  [
    Option(
      "--weights", \.source.weights, .text("FILE"),
      "weights of a .safetensors file that does not say its model, as from PyTorch"),
    Option(
      "--mean", \.source.mean, .numbers,
      "of pixels in 0...1, by channel or one for all [the file's, or 0]"),
    Option(
      "--deviation", \.source.deviation, .positiveNumbers,
      "their standard deviation, likewise [the file's, or 1]"),
    Option(
      "--classes", \.source.classes, .text("FILE"),
      "names of the classes: a line each, or JSON [the file's, or numbers]"),
  ]
}

func requireModel(_ source: ModelSource) throws(UsageError) {
  guard !source.model.isEmpty else {
    throw UsageError(description: "--model: expected a run directory or .safetensors file, found nothing")
  }
}
