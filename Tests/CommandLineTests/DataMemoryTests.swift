import Foundation
import TestSupport
import Testing

/// Data sets that are larger than the memory that there is: read piece by piece, or refused before the kernel kills.
@Suite(.serialized) struct DataMemoryTests {
  private func file(_ path: String, _ start: [UInt8], length: Int) throws {
    try Data(start).write(to: URL(fileURLWithPath: path))
    // Zeros that take no room on the disk.
    #expect(truncate(path, length) == 0)
  }

  private func bigEndian(_ number: Int) -> [UInt8] { (0..<4).map { UInt8(number >> (24 - 8 * $0) & 255) } }

  /// Files that are read at once, with more than 300 MB of pixels.
  @Test(arguments: [("idx", "0.31 GB"), ("cifar", "0.61 GB")])
  func whatIsReadAtOnceIsCheckedBefore(_ format: String, _ amount: String) throws {
    try withTemporaryDirectory { directory throws in
      let count = 400_000
      if format == "idx" {
        let (images, labels) = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte")
        try file(
          "\(directory)/\(images)", [0, 0, 8, 3] + bigEndian(count) + bigEndian(28) + bigEndian(28),
          length: 16 + count * 784)
        try file("\(directory)/\(labels)", [0, 0, 8, 1] + bigEndian(count), length: 8 + count)
      } else {
        try file("\(directory)/data_batch_1.bin", [], length: 100_000 * 3073)
      }
      for command in [
        ["data", "check", directory], ["train", "--data", directory, "--validation-split", "0.1"],
      ] {
        let script = "ulimit -d 250000; exec \"$@\""
        let program = try RunningProgram(["sh", "-c", script, "sh", Program.path] + command, seconds: 60)
          .wait()
        #expect(program.exitCode == 1 && program.errorLines.count == 1, "\(program.errors)")
        #expect(
          program.errors.contains(
            "reading the train images of \(directory) at once takes at least \(amount) a rank, and the data limit"
          ),
          "\(program.errors)")
        #expect(
          program.errors.contains("; `cnn-mpi data pack` makes files of them that"), "\(program.errors)")
      }
    }
  }

  /// Images of 224 x 224 x 3 bytes, three times as many as there is memory for.
  private static let images = 3 * MemoryGroup.bytes / (224 * 224 * 3) + 1

  /// A pack of black pixels, which take no room on the disk.
  private func pack(in directory: String) throws {
    let (bytes, count) = (Self.images * 224 * 224 * 3, Self.images)
    let index = """
      {"format": "cnn-mpi pack", "version": 1, "encoding": "raw", "shape": [224, 224, 3], "classes": 2,
       "parts": {"train": {"samples": \(count), "files": {
         "train.images": {"bytes": \(bytes), "hash": "none"}, "train.labels": {"bytes": \(4 * count), "hash": "none"}}}}}
      """
    try Data(index.utf8).write(to: URL(fileURLWithPath: "\(directory)/pack.json"))
    try file("\(directory)/train.images", [], length: bytes)
    try Data((0..<count).flatMap { [UInt8($0 % 2), 0, 0, 0] })
      .write(to: URL(fileURLWithPath: "\(directory)/train.labels"))
  }

  /// A directory of small files, which get large when they are decoded.
  private func folder(in directory: String) throws {
    for name in ["a", "b"] {
      try FileManager.default.createDirectory(
        atPath: "\(directory)/\(name)", withIntermediateDirectories: true)
    }
    try Data(smallPNG).write(to: URL(fileURLWithPath: "\(directory)/a/0.png"))
    for number in 1..<Self.images {
      #expect(link("\(directory)/a/0.png", "\(directory)/\(number % 2 == 0 ? "a" : "b")/\(number).png") == 0)
    }
  }

  /// What training has in memory does not grow with the images that it has seen, and is no more than it may be.
  @Test(
    .enabled(if: MemoryGroup.isThere, "this user may make no control groups of memory"),
    arguments: [true, false])
  func moreImagesThanMemoryTrain(isPack: Bool) throws {
    try withTemporaryDirectory { directory throws in
      let (data, out) = ("\(directory)/data", RunFiles(directory: "\(directory)/run"))
      try FileManager.default.createDirectory(atPath: data, withIntermediateDirectories: true)
      if isPack { try pack(in: data) } else { try folder(in: data) }
      let model = "\(directory)/model.json"
      try Data(
        """
        {"name": "small", "input": [224, 224, 3],
         "layers": [{"type": "average_pool2d", "size": 56}, {"type": "dense", "units": 2}]}
        """.utf8
      ).write(to: URL(fileURLWithPath: model))
      let (group, running) = try MemoryGroup.start([
        "train", "--data", data, "--model", model, "--validation-split", "0.1", "--epochs", "2", "--threads",
        "1",
        "--micro-batch", "8", "--normalization", "imagenet", "--records", "csv", "--out", out.directory,
      ])
      defer { group.remove() }
      var (early, late) = (0, 0)
      while running.isRunning {
        let isEarly = ((try? out.rows().count) ?? 0) == 0
        let own = Self.ownMemory(of: running.processID)
        if isEarly { early = max(early, own) } else { late = max(late, own) }
        usleep(2000)
      }
      let program = running.wait()
      #expect(program.exitCode == 0, "\(program.errors)")
      #expect(early > 0 && late > 0 && Double(late) <= 1.05 * Double(early), "\(early) kB, then \(late) kB")
    }
  }

  /// Kilobytes of a process that are of no file.
  private static func ownMemory(of process: pid_t) -> Int {
    let status = try? String(contentsOfFile: "/proc/\(process)/status", encoding: .utf8)
    let line = status?.split(separator: "\n").first { $0.hasPrefix("RssAnon:") }
    return line?.split(separator: " ").dropFirst().first.flatMap { Int($0) } ?? 0
  }
}

/// A control group that bounds the memory of a program in it, version 1 or 2.
private struct MemoryGroup {
  static let bytes = 160_000_000
  private let directory: String

  /// Nil where this process may not make one.
  private static func make() -> MemoryGroup? {
    let own = (try? String(contentsOfFile: "/proc/self/cgroup", encoding: .utf8)) ?? ""
    let lines = own.split(separator: "\n").map { $0.split(separator: ":", omittingEmptySubsequences: false) }
    for line in lines where line.count == 3 && (line[1] == "memory" || line[1].isEmpty) {
      let (root, limit) =
        line[1].isEmpty
        ? ("/sys/fs/cgroup", "memory.max") : ("/sys/fs/cgroup/memory", "memory.limit_in_bytes")
      for parent in [root + line[2], root] {
        let path = "\(parent)/cnn-mpi-test-\(UUID().uuidString)"
        guard mkdir(path, 0o755) == 0 else { continue }
        let group = MemoryGroup(directory: path)
        if (try? "\(bytes)".write(toFile: "\(path)/\(limit)", atomically: false, encoding: .utf8)) != nil {
          return group
        }
        group.remove()
      }
    }
    return nil
  }

  static let isThere: Bool = {
    let group = make()
    group?.remove()
    return group != nil
  }()

  /// Starts the program in a new group.
  static func start(_ arguments: [String]) throws -> (MemoryGroup, RunningProgram) {
    let group = try #require(make())
    let script = "echo $$ > \(group.directory)/cgroup.procs && exec \"$@\""
    return (group, try RunningProgram(["sh", "-c", script, "sh", Program.path] + arguments, seconds: 120))
  }

  /// Called when nothing runs in it any more.
  func remove() { rmdir(directory) }
}
