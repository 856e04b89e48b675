import Foundation
import Reporting
import Runs

/// The options of a run that can change its speed: all of its configuration but what is known to be harmless,
/// so that a new option counts until it is said here that it does not.
struct SpeedSettings: Equatable {
  /// By their names in `run.json`.
  private let configuration: [String: Text]

  /// What goes by the ranks or is compared otherwise, and what decides what is learnt, where it is kept or how
  /// long training takes, not how fast it is.
  private static let harmless: Set = [
    "batch_size", "global_batch", "micro_batch", "threads", "model", "out", "resume", "data", "test_data",
    "train_samples", "test_samples", "validation_split", "weights", "epochs", "seed", "early_stopping",
    "learning_rate", "learning_rate_scaling", "warmup_epochs", "warmup_learning_rate", "schedule",
    "step_epochs", "step_factor",
    "momentum", "nesterov", "weight_decay", "keep", "stall_limits", "overwrite",
  ]

  init(_ configuration: TrainingConfiguration) throws {
    self.configuration = try JSONDecoder().decode([String: Text].self, from: Data(prettyJSON(configuration)))
  }

  /// The first setting that differs, with its value here and there.
  func difference(from other: SpeedSettings) -> (name: String, here: String, there: String)? {
    let names = Set(configuration.keys).union(other.configuration.keys).subtracting(Self.harmless)
    return names.sorted().first { configuration[$0] != other.configuration[$0] }.map { name in
      (name, configuration[name]?.text ?? "unset", other.configuration[name]?.text ?? "unset")
    }
  }

  /// A value of any type.
  private struct Text: Decodable, Equatable {
    let text: String

    init(from decoder: any Decoder) throws {
      let value = try decoder.singleValueContainer()
      if let flag = try? value.decode(Bool.self) {
        text = "\(flag)"
      } else if let number = try? value.decode(Double.self) {
        text = "\(number)"
      } else {
        text = (try? value.decode(String.self)) ?? "of several parts"
      }
    }
  }
}
