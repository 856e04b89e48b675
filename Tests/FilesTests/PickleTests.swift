import Files
import Foundation
import Tensors
import TestSupport
import Testing

/// Pickles that are no tensors, as an attacker or a broken disk writes them: each is refused by one line that says
/// where, what was expected and what was found.
@Suite struct PickleTests {
  /// A pickle as a text, whose characters are its bytes.
  private static func bytes(_ text: String) -> [UInt8] { text.unicodeScalars.map { UInt8($0.value) } }

  private static func littleEndian(_ number: Int, bytes: Int) -> String {
    String(
      String.UnicodeScalarView(
        (0..<bytes).map { Unicode.Scalar(UInt8(truncatingIfNeeded: number >> (8 * $0))) }))
  }

  /// A text as protocol 2 has it.
  private static func text(_ text: String) -> String { "X\(littleEndian(text.utf8.count, bytes: 4))\(text)" }

  private static let start =
    "\u{80}\u{2}\u{8A}\u{A}\u{6C}\u{FC}\u{9C}\u{46}\u{F9}\u{20}\u{6A}\u{A8}\u{50}\u{19}."
    + "\u{80}\u{2}M\u{E9}\u{3}." + "\u{80}\u{2}}."

  /// A file of the old form.
  ///
  /// - Parameters:
  ///   - pickle: the object's, without protocol and end.
  ///   - storages: keys, counts of numbers and the bytes of all numbers.
  private static func file(_ pickle: String, _ storages: [(String, Int, [UInt8])] = []) -> [UInt8] {
    var file = bytes(start + "\u{80}\u{2}\(pickle).")
    file += bytes("\u{80}\u{2}](" + storages.map { text($0.0) }.joined() + "e.")
    for (_, count, numbers) in storages { file += bytes(littleEndian(count, bytes: 8)) + numbers }
    return file
  }

  private static func storage(
    _ key: String = "a", _ count: Int = 4, type: String = "Float", view: String = "N"
  ) -> String {
    "(\(text("storage"))ctorch\n\(type)Storage\n\(text(key))\(text("cpu"))J\(littleEndian(count, bytes: 4))\(view)tQ"
  }

  private static func tensor(
    _ storage: String = storage(), offset: Int = 0, sizes: [Int] = [2, 2], strides: [Int] = [2, 1]
  ) -> String {
    func tuple(_ numbers: [Int]) -> String {
      "(" + numbers.map { "\u{8A}\u{8}\(littleEndian($0, bytes: 8))" }.joined() + "t"
    }
    return "ctorch._utils\n_rebuild_tensor_v2\n(\(storage)\u{8A}\u{8}\(littleEndian(offset, bytes: 8))"
      + "\(tuple(sizes))\(tuple(strides))\u{89}NtR"
  }

  private static let numbers: [UInt8] = [0, 0, 128, 63, 0, 0, 0, 64, 0, 0, 64, 64, 0, 0, 128, 64]

  private static func dictionary(_ value: String, name: String = "w") -> String { "}\(text(name))\(value)s" }

  private static func whole(_ pickle: String) -> [UInt8] { file(pickle, [("a", 4, numbers)]) }

  @Test func theseFilesWouldBeGood() throws {
    let tensor = NamedTensor("w", [2, 2], .floats([1, 2, 3, 4]))
    #expect(try PyTorchFile(bytes: Self.whole(Self.dictionary(Self.tensor())), path: "f").tensors == [tensor])
    // Python 2 gave the ordered dictionary a list of pairs, and had names that were bytes.
    let old = "ccollections\nOrderedDict\n(](](U\u{1}w\(Self.tensor())eetR"
    #expect(try PyTorchFile(bytes: Self.whole(old), path: "f").tensors == [tensor])
    let view = "(\(Self.text("b"))K\u{1}K\u{2}t"
    let part = Self.tensor(Self.storage(view: view), sizes: [2], strides: [1])
    #expect(
      try PyTorchFile(bytes: Self.whole(Self.dictionary(part)), path: "f").tensors
        == [NamedTensor("w", [2], .floats([2, 3]))])
    // A list that contains itself, and nesting without end, beside the tensor.
    let odd = "]q\u{1}h\u{1}a"
    let deep = String(repeating: "(", count: 100_000) + "]" + String(repeating: "t", count: 100_000)
    for extra in [odd, deep] {
      let pickle = "}(\(Self.text("w"))\(Self.tensor())\(Self.text("x"))\(extra)u"
      #expect(try PyTorchFile(bytes: Self.whole(pickle), path: "f").tensors == [tensor])
    }
    let itself = "}q\u{1}(\(Self.text("w"))\(Self.tensor())\(Self.text("model"))h\u{1}u"
    #expect(try PyTorchFile(bytes: Self.whole(itself), path: "f").container == "model")
  }

  /// What is refused and a part of the message; the latter names the case, as the former has control characters.
  struct Refusal: CustomTestStringConvertible {
    let text: String
    let expected: String
    var testDescription: String { expected }
  }

  /// Names of programs, and instructions that make objects of any class.
  private static let programs: [(String, String)] = [
    (
      "cposix\nsystem\n(\(text("id"))tR",
      "byte 27: expected tensors only, found posix.system; loading it in Python"
    ),
    ("cos\nsystem\n(\(text("id"))tR", "found os.system"),
    (
      "\(text("posix"))\(text("system"))\u{93}(\(text("id"))tR",
      "byte 48: expected tensors only, found posix.system"
    ),
    ("\u{8C}\u{5}posix\u{94}\u{8C}\u{6}system\u{94}\u{93}", "found posix.system"),
    ("c__builtin__\neval\n(\(text("id"))tR", "found __builtin__.eval"),
    ("cbuiltins\ngetattr\n", "found builtins.getattr"),
    ("ctorch\nload\n", "found torch.load; in Python, torch.save"),
    ("ctorch._utils\n_rebuild_tensor_v2.__globals__\n", "found torch._utils._rebuild_tensor_v2.__globals__"),
    ("ccollections\nOrderedDict.fromkeys\n", "found collections.OrderedDict.fromkeys"),
    ("ca\u{7}\nb\u{8}\n", "found a\\u{7}.b\\u{8}"), ("c\n\n", "found ."),
    ("c" + String(repeating: "m", count: 900) + "\nx\n", "found mmmm"),
    (
      "c" + String(repeating: "m", count: 2000) + "\nx\n",
      "a new line behind a module's name, found none in 1000"
    ),
    ("KAKA\u{93}", "expected the names of a module and a global, found 65 and 65"),
    ("(\(text("id"))iposix\nsystem\n", "expected tensors only, found the pickle instruction INST"),
    ("(cposix\nsystem\no", "found posix.system"), ("(NNo", "found the pickle instruction OBJ"),
    ("NN\u{81}", "the pickle instruction NEWOBJ"), ("NNN\u{92}", "the pickle instruction NEWOBJ_EX"),
    ("Pmodule\n", "the pickle instruction PERSID"), ("\u{82}\u{1}", "the pickle instruction EXT1"),
    ("\u{97}", "the pickle instruction NEXT_BUFFER"), ("\u{FF}", "the pickle instruction byte 255"),
  ]

  /// Arguments and persistent ids of other kinds.
  private static let calls: [(String, String)] = [
    ("K\u{1}Q", "expected tensors only, found the persistent id 1"),
    (")Q", "found the persistent id a tuple"),
    ("(\(text("module"))Nt)Q", "found the persistent id a tuple"),
    ("(\(text("module"))NtQ", "expected tensors only, found the persistent id of \"module\""),
    ("(\(text("storage"))NtQ", "expected a storage's type, key, device and count of numbers"),
    (storage("a", -1), "expected a storage's type, key, device and count of numbers"),
    (
      storage(view: "(\(text("b"))K\u{3}K\u{2}t"),
      "expected a view within the 4 numbers of its storage, found 2"
    ),
    (storage(view: "(\(text("b"))J\u{FF}\u{FF}\u{FF}\u{FF}K\u{2}t"), "numbers from number -1 on"),
    ("(\(storage())\(storage("a", 5))", "storage \"a\" to be 4 numbers of torch.FloatStorage, found 5"),
    ("(\(storage())\(storage("a", type: "Long"))", "torch.FloatStorage, found 4 of torch.LongStorage"),
    ("K\u{1})R", "expected tensors only, found a call of 1"), ("))R", "found a call of a tuple"),
    ("ctorch\nFloatStorage\n)R", "found a call of torch.FloatStorage"),
    ("ctorch\nSize\nNR", "expected a tuple of arguments for torch.Size, found None"),
    ("ctorch\nSize\n(NNtR", "expected the arguments of torch.Size, found 2 of them: (None, None)"),
    (
      "ctorch._utils\n_rebuild_tensor_v2\n)R",
      "expected the arguments of torch._utils._rebuild_tensor_v2, found 0"
    ),
    ("ctorch._utils\n_rebuild_parameter\n(NNNtR", "found 3 of them: (None, None, None)"),
    ("ccollections\nOrderedDict\n]Na\u{85}R", "expected pairs of keys and values, found None"),
  ]

  /// Instructions that do not fit the stack, and lengths that are not there.
  private static let stacks: [(String, String)] = [
    ("]}b", "expected tensors only, found attributes given to a list"),
    ("\(tensor())}b", "expected tensors only, found attributes given to a tensor"),
    ("}Na", "expected a list to append to, found a dictionary"),
    ("]NNs", "a dictionary to put values into, found a list"),
    ("}(Nu", "expected a value for each key, found a key without one"),
    ("R", "expected 2 values on the stack, found 0"), ("(NNs", "expected a value on the stack, found none"),
    ("0", "expected a value on the stack, found none"), ("t", "expected a mark on the stack, found none"),
    ("(h\u{7}", "expected a value in the memo's place 7, found none"),
    ("q\u{1}", "a value on the stack, found none"),
    ("j\u{FF}\u{FF}\u{FF}\u{FF}", "a value in the memo's place 4294967295, found none"),
    ("\u{8B}\u{FF}\u{FF}\u{FF}\u{FF}", "expected 4294967295 bytes of an integer, found"),
    (
      "\u{8D}\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}",
      "expected 18446744073709551615 bytes of a text, found"
    ),
    (
      "\u{8E}\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}\u{7F}",
      "expected 9223372036854775807 bytes of bytes, found"
    ),
    ("X\u{FF}\u{FF}\u{FF}\u{7F}", "expected 2147483647 bytes of a text, found"),
    (
      "\u{95}\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}\u{FF}",
      "expected a frame of 18446744073709551615 bytes"
    ),
    ("\u{8C}\u{1}\u{FF}", "expected a text in UTF-8, found 1 bytes that are not"),
    ("\u{80}\u{1}", "expected a pickle of protocol 2 to 5, found 1"),
  ]

  /// Tensors that leave their storages, and storages that are not there.
  private static let views: [(String, String)] = [
    (tensor(offset: 1), "byte 173: expected a tensor within the 4 numbers of its storage, found offset 1"),
    (
      tensor(strides: [4, 1]),
      "within the 4 numbers of its storage, found offset 0, sizes [2, 2], strides [4, 1]"
    ),
    (tensor(sizes: [5], strides: [1]), "within the 4 numbers of its storage"),
    (tensor(sizes: [2, .max], strides: [1, 0]), "expected a tensor that memory can hold"),
    (tensor(sizes: [1 << 32, 1 << 32, 0], strides: [0, 0, 0]), "expected a tensor that memory can hold"),
    (tensor(sizes: [3], strides: [.max]), "within the 4 numbers of its storage"),
    (tensor(offset: .max, sizes: [2], strides: [1]), "within the 4 numbers of its storage"),
    (tensor(sizes: [-1], strides: [1]), "expected an offset, sizes and strides of at least 0"),
    (tensor(offset: -1), "expected an offset, sizes and strides of at least 0"),
    (tensor(offset: 3, sizes: [2], strides: [-1]), "expected an offset, sizes and strides of at least 0"),
    (tensor(sizes: [2], strides: []), "expected a stride for each of 1 sizes, found 0"),
    (
      tensor(sizes: .init(repeating: 1, count: 65), strides: []),
      "a tensor of at most 64 dimensions, found 65"
    ),
    (dictionary(tensor(sizes: [1 << 40], strides: [0])), "expected at most 65552 numbers in tensors"),
    ("}(\(text("w"))\(tensor())\(text("w"))\(tensor())u", "expected each tensor once, found \"w\" again"),
    ("}(NNu", "in a dictionary, or in one in it called"), ("]", "a dictionary of tensors, found a list"),
    ("}(\(text("v"))\(tensor())\(text("w"))\(tensor(storage("b")))u", "storage \"b\", found none"),
    (dictionary(tensor(storage("a", 5))), "storage \"a\": expected 5 numbers, as the pickle says, found 4"),
    (dictionary(tensor(storage(type: "Double"))), "expected 4 numbers of 8 bytes, found 16 bytes"),
    (dictionary(tensor(storage(type: "Half"))), "behind the last storage, found 8 bytes more"),
  ]

  @Test(arguments: (programs + calls + stacks + views).map(Refusal.init))
  func saysWhatIsWrongWithAPickle(_ refusal: Refusal) {
    let pickle = refusal.text
    expectRefusal(pickle.contains("Storage\n") ? Self.whole(pickle) : Self.file(pickle), refusal.expected)
  }

  private func expectRefusal(_ bytes: [UInt8], _ expected: String) {
    let error = #expect(throws: FileError.self) { try PyTorchFile(bytes: bytes, path: "f") }
    let message = error?.description ?? ""
    #expect(message.hasPrefix("f") && message.contains(expected), "\(message)")
    #expect(message.count < 400 && !message.contains { $0.isNewline }, "\(message)")
  }

  private static let files: [(String, String)] = [
    ("", "expected a PyTorch file, found an empty file"),
    ("text", "expected a PyTorch file, found something else"),
    ("{}", "expected a PyTorch file, found a JSON text"),
    ("\u{80}\u{2}}.", "found a Python pickle of something else"),
    ("\u{80}\u{2}", "byte 2: expected 1 bytes of an instruction, found 0; the file is truncated"),
    ("\u{1F}\u{8B}", "found gzip data; unpack it first"),
    ("PK", "expected a whole zip archive, found \"Not a zip"),
    (
      String(start.dropLast(10)) + "\u{80}\u{2}M\u{E8}\u{3}.",
      "expected protocol 1001 of PyTorch's old format, found 1000"
    ),
    (String(start.dropLast(2)) + "N.", "expected facts about the machine that wrote the file, found none"),
    (
      String(start.dropLast()) + "\(text("little_endian"))\u{89}s.",
      "expected little-endian numbers, found a file of a big-endian machine"
    ),
    (start + "}.N.", "expected a list of storages' keys, found None"),
    (start + "}.](Ne.", "expected keys of storages that the pickle names, each once, found None"),
    (start + "}.](\(text("a"))e.", "each once, found \"a\""),
    (
      start + storage("a", 0) + ".](\(text("a"))\(text("a"))e.\(littleEndian(0, bytes: 8))",
      "each once, found \"a\""
    ),
    (
      start + storage("a", 1) + ".](\(text("a"))e.",
      "storage \"a\": expected a count of numbers in 8 bytes, found 0"
    ),
  ]

  @Test(arguments: files.map(Refusal.init))
  func saysWhatIsWrongWithAFile(_ refusal: Refusal) {
    expectRefusal(Self.bytes(refusal.text), refusal.expected)
  }

  /// Time and memory are proportional to the file: nothing that a pickle names again is copied again.
  @Test func pickleBombsDoNothing() {
    // Each tuple has the one before twice.
    let doubling = "]q\u{1}0" + String(repeating: "h\u{1}h\u{1}\u{86}q\u{1}0", count: 100_000)
    // A long list of pairs, made a dictionary over and over.
    let pairs =
      "](" + String(repeating: "NN\u{86}", count: 100_000) + "eq\u{1}ccollections\nOrderedDict\nq\u{2}"
    let copies = String(repeating: "h\u{2}h\u{1}\u{85}R0", count: 100_000)
    // A storage of 64 kB in a hundred thousand tensors.
    let many = "}(\(Self.tensor(Self.storage("a", 16384), sizes: [16384], strides: [1]))q\u{1}0"
    let names = (0..<100_000).map { "\u{8C}\u{6}\(100_000 + $0)h\u{1}" }.joined()
    let start = threadSeconds()
    expectRefusal(Self.file(doubling + "}"), "found none")
    expectRefusal(Self.file(pairs + copies), "expected each pair of keys and values once")
    expectRefusal(
      Self.file(many + names + "u", [("a", 16384, [UInt8](repeating: 0, count: 65536))]),
      "expected at most 131072 numbers in tensors, 4 times those of their storages, found 1638400000")
    #expect(threadSeconds() - start < 4)
  }

  @Test func everyTruncationIsSeen() {
    let file = Self.whole(Self.dictionary(Self.tensor()))
    for length in 0..<file.count { expectRefusal(Array(file[..<length]), "f") }
    expectRefusal(file + [0], "found 1 bytes more")
  }

  /// Whatever the damage, the file is refused, or its tensors are whole.
  @Test func damageDoesNoHarm() {
    let file = Self.whole(Self.dictionary(Self.tensor()))
    var random = RandomStream(seed: 1, purpose: .initialization)
    var refused = 0
    for _ in 0..<20_000 {
      var bytes = file
      for _ in 0...random.integer(below: 3) {
        bytes[random.integer(below: bytes.count)] ^= 1 << UInt8(random.integer(below: 8))
      }
      do { _ = try PyTorchFile(bytes: bytes, path: "f") } catch { refused += 1 }
    }
    #expect(refused > 10_000)
  }
}
