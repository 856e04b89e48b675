import Tensors

/// Images of one shape and their classes, wherever they are: in memory, or in files that are decoded when they are
/// read.
package protocol Dataset: Sendable {
  /// Of every image as `read` gives it.
  var shape: Shape { get }
  /// Labels are in 0..<classes.
  var classes: Int { get }
  /// The classes' names, by their numbers; nil where the data does not name them.
  var classNames: [String]? { get }
  /// The label of each sample, (N).
  var labels: [Int32] { get }

  /// Tells whether two data sets are the same, without decoding images.
  var fingerprint: String { get }

  /// Writes the pixels of a sample, (H, W, C). Threads may read at the same time.
  ///
  /// - Throws: `DataError` where its file cannot be read, or is no whole image.
  func read(_ sample: Int, into pixels: inout MutableSpan<UInt8>) throws(DataError)

  /// The samples of these numbers, in their order.
  func subset(_ numbers: [Int]) -> Self

  /// The same images with other labels, in classes of these names.
  func relabeled(_ labels: [Int32], classNames: [String]) -> Self

  /// So many samples, or all where there are not so many: the first ones, or, where samples are in the order of their
  /// classes, some of each.
  func limited(to count: Int) -> Self
}

extension Dataset {
  /// Number of samples.
  package var count: Int { labels.count }

  /// Bytes of all pixels.
  package var pixelBytes: Int { count * shape.count }
}

/// The two parts of a data set.
package enum DataPart: String, Sendable { case train, test }
