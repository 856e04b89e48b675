import Data
import Files
import Foundation
import Tensors
import TestSupport
import Testing

@Suite(.enabled(if: isCI || Python.isThere, Comment(rawValue: Python.hint)))
struct NPZFilesTests {
  private func withNumPy(_ script: String, _ body: (String) throws -> Void) throws {
    try withTemporaryDirectory { directory in
      _ = try Python.run(
        """
        import sys, os, numpy as np
        def path(name):
            os.makedirs(os.path.dirname(sys.argv[1] + "/" + name), exist_ok=True)
            return sys.argv[1] + "/" + name
        def images(n, *shape, first=0): return (np.arange(n * int(np.prod(shape)), dtype="u1") + first).reshape(n, *shape)

        """ + script, [directory])
      try body(directory)
    }
  }

  /// Keras' mnist.npz, MedMNIST's files and plain ones: named, or alone in a directory.
  @Test func readsLayoutsThatAreAround() throws {
    let script = """
      x, y, tx, ty = images(4, 2, 3), np.array([3, 0, 9, 3]), images(2, 2, 3, first=100), np.array([7, 1])
      np.savez(path("keras/mnist.npz"), x_train=x, y_train=y.astype("u1"), x_test=tx, y_test=ty.astype("u1"))
      np.savez_compressed(path("med/pathmnist.npz"), train_images=x, train_labels=y[:, None].astype("u1"),
          val_images=x[:1], val_labels=y[:1, None], test_images=tx, test_labels=ty[:, None])
      np.savez(path("plain/train.npz"), images=np.asfortranarray(x), labels=y.astype(">i2"))
      np.savez(path("plain/test.npz"), images=tx, labels=ty)
      np.savez(path("folders/train/a.npz"), images=x, labels=y)
      np.savez(path("folders/val/a.npz"), images=tx, labels=ty)
      """
    try withNumPy(script) { directory in
      for path in ["keras", "keras/mnist.npz", "med", "med/pathmnist.npz", "plain", "folders"] {
        let path = "\(directory)/\(path)"
        let train = try #require(try loadData(path) as? LabeledImages)
        #expect(
          train.shape == Shape(2, 3, 1) && train.labels == [3, 0, 9, 3] && train.classes == 10, "\(path)")
        #expect(train.images == Array(0..<24), "\(path)")
        let test = try #require(try loadData(path, .test) as? LabeledImages)
        #expect(test.labels == [7, 1] && test.images == Array(100..<112), "\(path)")
      }
      // A file of one part has whichever is asked for.
      let source = try DataSource(path: "\(directory)/plain/test.npz")
      let input = ImageInput(shape: Shape(1, 1, 1))
      #expect(try source.load(.train, as: input)?.labels == [7, 1] && source.load(.test, as: input) == nil)
      #expect(try source.load(.test, as: input, isAlone: true)?.labels == [7, 1])
    }
  }

  /// Chunks follow each other in the order of their numbers, whatever their number of images.
  @Test func chunksAreOneSet() throws {
    let script = """
      for chunk in range(12):
          n = 1 + chunk % 3
          np.savez(path(f"chunk-{chunk}.npz"), images=np.full((n, 2, 2, 3), chunk, "u1"), labels=np.full(n, chunk, "i4"))
      """
    try withNumPy(script) { path in
      let train = try #require(try loadData(path) as? LabeledImages)
      #expect(train.shape == Shape(2, 2, 3) && train.classes == 12)
      #expect(train.labels == (0..<12).flatMap { [Int32](repeating: $0, count: 1 + Int($0) % 3) })
      #expect(train.images == train.labels.flatMap { [UInt8](repeating: UInt8($0), count: 12) })
      #expect(try loadData(path, .test) == nil)
    }
  }

  @Test func saysWhatIsWrong() throws {
    let script = """
      x, y = images(4, 2, 3), np.array([3, 0, 9, 3])
      def save(name, **arrays): np.savez(path(name + "/a.npz"), **arrays)
      save("float", images=x / 255, labels=y)
      save("flat", images=x.reshape(4, 6), labels=y)
      save("first", images=images(4, 3, 8, 8), labels=y)
      save("few", images=x, labels=y[:3])
      save("hot", images=x, labels=np.eye(10)[y].astype("u1"))
      save("real", images=x, labels=y / 1)
      save("minus", images=x, labels=-y)
      save("one", images=x, labels=np.array([1, 2, 3, 4]))
      save("half", images=x)
      save("other", data=x, target=y)
      save("objects", images=np.array([x[0], None], dtype=object), labels=y)
      save("shapes", images=x, labels=y)
      np.savez(path("shapes/b.npz"), images=images(4, 3, 2), labels=y)
      np.savez(path("names/train.npz"), images=x, labels=y)
      np.savez(path("names/more.npz"), images=x, labels=y)
      np.savez(path("tests/test.npz"), images=x, labels=y)
      np.savez(path("big/a.npz"), images=x, labels=np.array([0, 1, 2, 2**63], "u8"))
      """
    try withNumPy(script) { directory in
      for (name, expected) in [
        (
          "float",
          "\"images\": expected images of type uint8, found float64; where they are in [0, 1], (images * 255)"
        ),
        ("flat", "expected images, N x H x W or N x H x W x C, found 4 x 6"),
        (
          "first",
          "expected images N x H x W x C, found 4 x 3 x 8 x 8; where channels come first, images.transpose"
        ),
        ("few", "\"labels\": expected a label for each of 4 images, found 3"),
        (
          "hot",
          "expected labels, N or N x 1, found 4 x 10; where each row has a 1 for its class, labels.argmax(1)"
        ),
        ("real", "expected labels of an integer type, found float64; labels.astype"),
        ("minus", "a.npz, image 0: expected labels in 0..<1048576, found -3"),
        ("one", "a.npz: expected labels that count from 0, found 1 to 4"),
        ("half", "expected arrays \"images\" and \"labels\", found no \"labels\""),
        ("other", "expected arrays images and labels, or x_train and y_train, found \"data\", \"target\""),
        ("objects", "\"images\": expected an array of numbers, found one of Python objects"),
        (
          "shapes",
          "b.npz, \"images\": expected images of 2x3x1, as in \(directory)/shapes/a.npz, found 3x2x1"
        ),
        ("names", "or names that all begin with train, test or val, found train.npz and more.npz"),
        (
          "tests",
          "expected files of training images, or names that all begin with train, test or val, found test.npz"
        ),
        ("big", "expected labels of an integer type, found numbers above 9223372036854775807"),
      ] {
        expectDataError("\(directory)/\(name)", expected)
      }
    }
  }
}
