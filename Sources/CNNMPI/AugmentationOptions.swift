import Data
import Runs

/// The options for how training images are varied.
let augmentationOptions: [Option<TrainingConfiguration>] = [
  Option("--augment", \.augmentation, .choice, "variations of the training images"),
  Option(
    "--crop-area", \.cropArea, .percentage, "resized-crop: least share of a photo's area that is taken"),
  Option(
    "--color-jitter", \.colorJitter, .colorJitter,
    "vary brightness, contrast, saturation by up to so much, and the hue; one number is for the first three"),
  Option("--cutout", \.cutout, .count(), "blank a square of N pixels a side"),
  Option(
    "--mixup", \.mixup, .positive, "add up pairs of images, by shares from the distribution beta(X, X)"),
  Option(
    "--cutmix", \.cutMix, .positive, "put a part of an image into another, of a share as with --mixup"),
]
