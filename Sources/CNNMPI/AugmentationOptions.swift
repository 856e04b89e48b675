import Benchmarks
import Data
import Runs

/// A configuration that has that of training in it.
protocol IncludesTraining: SendableMetatype {
  var training: TrainingConfiguration { get set }
}

extension TrainingConfiguration: IncludesTraining {
  var training: TrainingConfiguration {
    get { self }
    set { self = newValue }
  }
}

extension BenchmarkConfiguration: IncludesTraining, DataConfiguration {
  var dataOptions: DataOptions {
    get { training.dataOptions }
    set { training.dataOptions = newValue }
  }
}

/// The options for how training images are varied.
func augmentationOptions<Configuration: IncludesTraining>() -> [Option<Configuration>] {
  [
    Option("--augment", \.training.augmentation, .choice, "variations of the training images"),
    Option(
      "--crop-area", \.training.cropArea, .percentage,
      "resized-crop: least share of a photo's area that is taken"),
    Option(
      "--color-jitter", \.training.colorJitter, .colorJitter,
      "vary brightness, contrast, saturation by up to so much, and the hue; one number is for the first three"
    ),
    Option("--cutout", \.training.cutout, .count(), "blank a square of N pixels a side"),
    Option(
      "--mixup", \.training.mixup, .positive,
      "add up pairs of images, by shares from the distribution beta(X, X)"),
    Option(
      "--cutmix", \.training.cutMix, .positive,
      "put a part of an image into another, of a share as with --mixup"),
  ]
}
