import Data
import Files
import Foundation
import Tensors
import TestSupport
import Testing

/// CIFAR's files for Python, as they were written: by Python 2 and by protocol 2, with strings of bytes.
@Suite(.enabled(if: isCI || Python.isThere, Comment(rawValue: Python.hint)))
struct CIFARPicklesTests {
  /// `old` pickles as Python 2 did: strings are BINSTRING or SHORT_BINSTRING, and arrays have their bytes in one.
  private static let preamble = """
    import sys, os, pickle, struct, numpy as np

    class Old(pickle._Pickler):
        dispatch = dict(pickle._Pickler.dispatch)
        def save_string(self, text):
            data = text.encode("latin1") if isinstance(text, str) else text
            self.write(b"U" + bytes([len(data)]) if len(data) < 256 else b"T" + struct.pack("<i", len(data)))
            self.write(data)
            self.memoize(text)
        dispatch[str] = save_string
        dispatch[bytes] = save_string
        def save_global(self, obj, name=None):
            names = {"_reconstruct": "numpy.core.multiarray\\n_reconstruct", "ndarray": "numpy\\nndarray"}
            self.write(b"c" + names.get(obj.__name__, "numpy\\ndtype").encode() + b"\\n")
            self.memoize(obj)
        dispatch[type] = save_global
        dispatch[type(np.dtype)] = save_global
        dispatch[type(len)] = save_global
        dispatch[type(lambda: 0)] = save_global

    def path(name):
        os.makedirs(os.path.dirname(sys.argv[1] + "/" + name), exist_ok=True)
        return sys.argv[1] + "/" + name
    def old(name, value):
        with open(path(name), "wb") as file: Old(file, 2).dump(value)
    def new(name, value, protocol):
        with open(path(name), "wb") as file: pickle.dump(value, file, protocol)
    random = np.random.default_rng(1)
    def rows(n, low=0, high=256): return random.integers(low, high, (n, 3072), dtype="u1")
    names = "airplane automobile bird cat deer dog frog horse ship truck".split()

    """

  private func withPickles(_ script: String, _ body: (String) throws -> Void) throws {
    try withTemporaryDirectory { directory in
      _ = try Python.run(Self.preamble + script, [directory])
      try body(directory)
    }
  }

  /// The same from Python 2's files, those of Python 3 and all protocols, with keys that are texts or bytes.
  @Test func readsFilesOfAllPythons() throws {
    let script = """
      # The second batch is so dark that its bytes are a text in UTF-8, too.
      data = [rows(3), rows(2, high=128), rows(1)]
      labels = [[3, 9, 0], [1, 1], [4]]
      np.concatenate(data[:2]).reshape(-1, 3, 1024).transpose(0, 2, 1).tofile(path("pixels"))
      def batch(i): return {"batch_label": f"batch {i}", "labels": labels[i], "data": data[i], "filenames": [f"a_{j}.png" for j in range(len(labels[i]))]}
      def asBytes(d): return {k.encode(): [t.encode() for t in v] if k in ("filenames", "label_names") else v.encode() if isinstance(v, str) else v for k, v in d.items()}
      meta = {"num_cases_per_batch": 10000, "label_names": names, "num_vis": 3072}
      def save(kind, write, change=lambda d: d):
          write(kind + "/data_batch_2", change(batch(1)))
          write(kind + "/data_batch_1", change(batch(0)))
          write(kind + "/test_batch", change(batch(2)))
          write(kind + "/batches.meta", change(meta))
      save("old", old)
      for protocol in (2, 3, 4, 5):
          save(f"text{protocol}", lambda name, value: new(name, value, protocol))
          save(f"bytes{protocol}", lambda name, value: new(name, value, protocol), asBytes)
      data = [np.asfortranarray(d) for d in data]
      save("fortran", old)
      labels = [np.array(l, ">i4") for l in labels]
      save("arrays", old)
      """
    try withPickles(script) { directory in
      let pixels = try readFile("\(directory)/pixels")
      let kinds = ["old", "fortran", "arrays"] + (2...5).flatMap { ["text\($0)", "bytes\($0)"] }
      for kind in kinds {
        let train = try #require(try loadData("\(directory)/\(kind)") as? LabeledImages)
        #expect(
          train.shape == Shape(32, 32, 3) && train.classes == 10 && train.labels == [3, 9, 0, 1, 1], "\(kind)"
        )
        #expect(train.images == pixels, "\(kind)")
        #expect(
          train.classNames?.prefix(2) == ["airplane", "automobile"] && train.classNames?.last == "truck")
        #expect(try loadData("\(directory)/\(kind)", .test)?.labels == [4])
      }
      // As published: the file with the names has 158 bytes.
      #expect(try readFile("\(directory)/old/batches.meta").count == 158)
    }
  }

  @Test func readsFineLabels() throws {
    let script = """
      for part, n in (("train", 2), ("test", 1)):
          old(part, {"filenames": ["a"] * n, "fine_labels": [99, 7][:n], "coarse_labels": [1, 2][:n], "data": rows(n)})
      old("meta", {"fine_label_names": [f"f{i}" for i in range(100)], "coarse_label_names": ["c"] * 20})
      """
    try withPickles(script) { path in
      let train = try #require(try loadData(path))
      #expect(train.labels == [99, 7] && train.classes == 100 && train.classNames?[7] == "f7")
      #expect(try loadData(path, .test)?.labels == [99])
    }
  }

  /// What is no array is not run, whatever it is.
  @Test func refusesAllElse() throws {
    let script = """
      good = {"labels": [3, 1], "data": rows(2)}
      class Evil:
          def __reduce__(self): return os.system, (f"touch {sys.argv[1]}/ran",)
      class Class: pass
      def save(name, **changes): new(name + "/data_batch_1", {k: v for k, v in {**good, **changes}.items() if v is not None}, 2)
      save("evil", more=Evil())
      save("object", more=Class())
      save("objects", more=np.array([{}, 1], dtype=object))
      save("set", more={1})
      save("record", more=np.zeros(2, [("a", "i4"), ("b", "f4")]))
      save("scalar", more=np.int64(3))
      save("wide", data=rows(2).astype("i4"))
      save("narrow", data=rows(2)[:, 1:])
      save("none", data=None)
      save("few", labels=[3])
      save("large", labels=[3, 10])
      save("texts", labels=["a", "b"])
      new("list/data_batch_1", [1, 2], 2)
      data = pickle.dumps(good, 2)
      open(path("short/data_batch_1"), "wb").write(data[:-500])
      # A shape that has other than the bytes that are there.
      shape = pickle.dumps((2, 3072), 2)[2:-4]
      assert data.count(shape) == 1, data.count(shape)
      open(path("lies/data_batch_1"), "wb").write(data.replace(shape, pickle.dumps((3, 3072), 2)[2:-4]))
      save("meta"); new("meta/batches.meta", {"label_names": names[1:]}, 2)
      """
    try withPickles(script) { directory in
      for (name, expected) in [
        (
          "evil",
          "expected arrays and plain values only, found posix.system; loading it in Python would run a program"
        ),
        ("object", "expected arrays and plain values only, found "),
        ("objects", "expected a type of plain numbers, found one of Python objects"),
        ("set", "expected arrays and plain values only, found "),
        ("record", "expected a type of plain numbers, found another"),
        ("scalar", "expected arrays and plain values only, found "),
        ("wide", "expected images \"data\", rows of 3072 bytes, found [2, 3072] of int32"),
        ("narrow", "found [2, 3071] of uint8"),
        ("none", "expected images \"data\", rows of 3072 bytes, found entries \"labels\""),
        ("few", "expected a label for each of 2 images, found 1"),
        ("large", "expected labels in 0..<10, found label 10 of image 1"),
        ("texts", "expected whole numbers \"labels\", found entries \"data\", \"labels\""),
        ("list", "expected a dictionary, found a list"),
        ("short", "the file is truncated or damaged"),
        ("lies", "expected 3 x 3072 numbers of 1 bytes, as its header says, found 6144 bytes"),
        ("meta", "batches.meta: expected \"label_names\" of 10 classes, found 9"),
      ] {
        expectDataError("\(directory)/\(name)", expected)
      }
      #expect(!exists("\(directory)/ran"))
    }
  }
}
