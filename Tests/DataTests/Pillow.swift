import TestSupport

/// Makes files with Pillow in a new directory, which is removed after `body`.
///
/// - Parameter script: lines of Python, which have `noise` and `smooth` pixels, `save` for images and `pixels` for
///   the bytes that are expected of one.
func withPillow(_ script: String, _ body: (String) throws -> Void) throws {
  try withTemporaryDirectory { directory in
    _ = try Python.run(
      """
      import sys, numpy as np
      from PIL import Image, ImageOps
      random = np.random.default_rng(1)
      def noise(*shape): return random.integers(0, 256, shape, dtype=np.uint8)
      def smooth(h, w): return np.stack([np.add.outer(np.arange(h), k * np.arange(w)) % 256 for k in (1, 2, 3)], 2).astype(np.uint8)
      def save(name, image, **options): image.save(sys.argv[1] + "/" + name, **options)
      def saved(name): return Image.open(sys.argv[1] + "/" + name)
      def pixels(name, image): np.asarray(image).tofile(sys.argv[1] + "/" + name)

      """ + script, [directory])
    try body(directory)
  }
}
