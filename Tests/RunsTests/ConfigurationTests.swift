import Files
import Foundation
import Reporting
import Runs
import Testing

@Suite struct ConfigurationTests {
  /// An earlier version's configuration has no words for what came later.
  @Test func whatIsMissingHasItsDefault() throws {
    let old = #"{"epochs": 7, "global_batch": 96, "save_every": "4steps"}"#
    let read = try decodeJSON(
      TrainingConfiguration.self, from: Array(old.utf8), path: "old", as: "a configuration",
      keys: .convertFromSnakeCase)
    var expected = TrainingConfiguration()
    expected.epochs = 7
    expected.globalBatch = 96
    expected.saveEvery = .steps(4)
    #expect(read == expected)
  }

  /// All that can be set reads back: a field that the reader forgets would get its default.
  @Test func everyFieldReadsBack() throws {
    let data = try prettyJSON(TrainingConfiguration())
    let defaults = try #require(try JSONSerialization.jsonObject(with: Data(data)) as? [String: Any])
    // Fields that are nil by default are not in there.
    let optional: [String: Any] = [
      "test_data": "x", "train_samples": 5, "test_samples": 6, "validation_split": 0.5, "weights": "w",
      "input": [8, 9, 3], "classes": 12,
      "global_batch": 7, "micro_batch": 8, "threads": 9, "loader_threads": 2, "early_stopping": 10,
      "learning_rate_scaling": "none", "warmup_learning_rate": 0.25, "cutout": 4, "mixup": 0.5,
      "cut_mix": 0.75,
      "color_jitter": ["brightness": 0.5, "contrast": 0.25, "saturation": 0.125, "hue": 0.5],
      "clip_norm": 0.5, "average_decay": 0.75, "out": "o", "resume": "r",
    ]
    let choices: [String: Any] = [
      "convolution": "im2col", "optimizer": "adam", "schedule": "step", "nesterov": "off",
      "augmentation": "digits", "save_every": "7steps", "records": "csv", "verbosity": "quiet",
      "compression": "fp16", "normalization": "cifar10", "stall_limits": ["warning": 5, "abort": 6],
      "data": "d", "model": "m",
      "data_options": ["transpose": true, "first_label": 4, "most_bad": 0.5, "timeout": 7, "cache": "none"],
      "freeze": ["conv1", "layer1.*"],
    ]
    var changed = defaults.merging(optional) { $1 }.merging(choices) { $1 }
    for (key, value) in defaults where choices[key] == nil {
      let number = try #require(value as? NSNumber, "\(key)")
      let isFlag = CFGetTypeIDOfBool(number)
      changed[key] = isFlag ? !number.boolValue as Any : number.doubleValue + 3
    }
    let fields = Mirror(reflecting: TrainingConfiguration()).children.count
    #expect(changed.count == fields, "a field of the configuration is not in this test")
    let read = try decodeJSON(
      TrainingConfiguration.self, from: Array(try JSONSerialization.data(withJSONObject: changed)),
      path: "changed", as: "a configuration", keys: .convertFromSnakeCase)
    let again = try #require(
      try JSONSerialization.jsonObject(with: Data(prettyJSON(read))) as? NSDictionary)
    #expect(again == changed as NSDictionary)
  }

  private func CFGetTypeIDOfBool(_ number: NSNumber) -> Bool {
    "\(type(of: number))".contains("Bool") || ["c", "B"].contains(String(cString: number.objCType))
  }
}
