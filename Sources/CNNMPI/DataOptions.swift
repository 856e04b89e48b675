import Data
import Runs

/// A configuration that says how data are read.
protocol DataConfiguration: SendableMetatype {
  var dataOptions: DataOptions { get set }
}

extension TrainingConfiguration: DataConfiguration {}
extension EvaluationConfiguration: DataConfiguration {}

/// What `--data` may be.
let dataHelp =
  "directory with MNIST's or CIFAR's files, .npz, .tar, images by class or a .csv of labels; one such file; or built-in digits"

/// How long a dead file system is waited for.
func timeoutOption<Configuration>(_ field: Option<Configuration>.Field<Double>) -> Option<Configuration> {
  Option(
    "--timeout", field, .nonNegative,
    "seconds that a file system has to answer each time it is asked for data; 0: any"
  ).changeable
}

/// The options for what the files do not say.
///
/// - Parameter caching: whether images are read more than once.
func dataOptions<Configuration: DataConfiguration>(caching: Bool = true) -> [Option<Configuration>] {
  let options: [Option<Configuration>] = [
    Option(
      "--first-label", \.dataOptions.firstLabel, .wholeNumber,
      "the number of the first class where files have numbers"),
    Option(
      "--transpose", \.dataOptions.transpose, given: true,
      "exchange rows and columns of images in MNIST's format, as EMNIST needs it"),
    Option(
      "--max-bad", \.dataOptions.mostBad, .percentage,
      "share of image files that may be left out as they cannot be read"),
    timeoutOption(\.dataOptions.timeout),
  ]
  guard caching else { return options }
  return options + [
    Option(
      "--cache", \.dataOptions.cache, .choice,
      "keep decoded images in memory, or decode them each time; auto: keep what takes up to half of what is left"
    )
  ]
}
