import Engine
import Foundation
import Kernels
import Networks
import TestSupport
import Testing

/// Where batch systems and shells limit memory, a run either has enough or says in one line what it needs.
@Suite(.serialized) struct MemoryTests {
  private static let training = [
    "--train-samples", "640", "--test-samples", "64", "--epochs", "1", "--threads", "1", "--records", "csv",
  ]

  /// Runs the program with a limit that the shell's `ulimit` sets.
  ///
  /// - Parameter kilobytes: of 1,024 bytes.
  private func run(_ arguments: [String], limit option: String, _ kilobytes: Int) throws -> Program {
    let script = "ulimit \(option) \(kilobytes); exec \"$@\""
    return try RunningProgram(["sh", "-c", script, "sh", Program.path] + arguments, seconds: 120).wait()
  }

  /// The number of bytes before "GB" that follows `words` in a message.
  private func bytes(after words: String, in message: String) throws -> Double {
    let start = try #require(message.range(of: words)?.upperBound, "\(message)")
    return try #require(Double(message[start...].prefix { $0 != " " }), "\(message)") * 1e9
  }

  /// Below what is demanded a line and exit code 1, just above it a whole run. The limit is never so low that
  /// MPI does not start.
  @Test(arguments: [("-v", "the address space limit (ulimit -v)"), ("-d", "the data limit (ulimit -d)")])
  func limitsAreEnoughOrNamed(_ option: String, _ name: String) throws {
    try withTemporaryDirectory { directory in
      let arguments = Self.training + ["--out", directory]
      let low = option == "-v" ? 330_000 : 180_000
      let short = try run(arguments, limit: option, low)
      #expect(short.exitCode == 1 && short.errorLines.count == 1, "\(short.errors)")
      let line = try #require(short.errorLines.first)
      #expect(line.contains("training mnist-cnn in micro-batches of 32 takes at least"), "\(line)")
      #expect(line.contains(name), "\(line)")
      let missing = try bytes(after: "takes at least ", in: line) - bytes(after: " leaves ", in: line)
      #expect(missing > 0)
      // Both numbers are rounded to 0.01 GB.
      let enough = Double(low) + (missing + 0.02e9) / 1024
      let whole = try run(arguments, limit: option, Int(enough))
      #expect(whole.exitCode == 0, "with \(Int(enough)) kB of \(option): \(whole.errors)")
    }
  }

  /// Libraries are loaded with little, as OpenBLAS starts no threads; MPI is not started where it would crash.
  @Test func tinyLimitsAreNamedBeforeMPIStarts() throws {
    let help = try run(["--version"], limit: "-v", 180_000)
    #expect(help.exitCode == 0 && help.output.hasPrefix("cnn-mpi "), "\(help.errors)")
    let short = try run(Self.training, limit: "-v", 220_000)
    #expect(short.exitCode == 1 && short.errorLines.count == 1, "\(short.errors)")
    #expect(
      short.errors.contains("starting MPI takes at least 0.16 GB a rank, and the address space limit"),
      "\(short.errors)")
  }

  @Test(arguments: [
    (["bench", "step", "--batch-size", "2147483647"], "an order of 16 x 2,147,483,647 images takes"),
    (["bench", "step", "--forward", "--batch-size", "2147483647", "--micro-batch", "2147483647"], "takes"),
    (
      ["bench", "layers", "--batch-size", "2147483647", "--micro-batch", "2147483647"],
      "training mnist-cnn in micro-batches of 2147483647 takes at least"
    ),
  ])
  func sizesWhoseProductsAreHugeAreErrors(_ arguments: [String], _ expected: String) throws {
    let program = try Program.run(arguments)
    #expect(program.exitCode == 1 && program.errorLines.count == 1, "\(program.errors)")
    #expect(program.errors.contains(expected) && program.errors.contains("this host's memory"))
  }

  /// The most memory that a run of `bench step` had, in bytes (VmHWM).
  private func peak(_ arguments: [String]) throws -> Double {
    let running = try RunningProgram(
      [Program.path, "bench", "step", "--threads", "1", "--repetitions", "1"] + arguments, seconds: 600)
    var peak = 0.0
    while running.isRunning {
      let status = try? String(contentsOfFile: "/proc/\(running.processID)/status", encoding: .utf8)
      let line = status?.split(separator: "\n").first { $0.hasPrefix("VmHWM:") }
      if let words = line?.split(separator: " "), words.count > 1 {
        peak = max(peak, 1024 * (Double(words[1]) ?? 0))
      }
      usleep(2000)
    }
    let program = running.wait()
    #expect(program.exitCode == 0, "\(program.errors)")
    return peak
  }

  /// What a run takes is what it says within 15 %: the program itself as another run shows it, images of at
  /// most 16 MB, and what the network needs.
  @Test(arguments: memoryCases) func needsAreWhatRunsTake(_ name: String, batch: Int, forward: Bool) throws {
    let network = try Network(ModelDescription(named: name))
    let need = network.memoryNeed(microBatch: batch, threads: 1, gradients: forward ? 0 : 1)
    let found = try peak(
      ["--model", name, "--batch-size", "\(batch)", "--micro-batch", "\(batch)"]
        + (forward ? ["--forward"] : []))
    let images = Double(min(max((16 << 20) / network.input.count, 16), batch * (forward ? 1 : 16)))
    let stated =
      Self.programBytes + images * Double(network.input.count) + need.written
      + (forward ? 0 : network.arenaBytes)
    // The products that measure the machine come before, with 64 MB of matrices.
    let expected = max(stated, Self.programBytes + 64e6)
    #expect(abs(found - expected) <= 0.15 * expected, "\(name): \(found) bytes found, \(expected) stated")
  }

  /// Resident memory of the program with MPI, Foundation and BLAS, without anything of a network.
  private static let programBytes = 52e6
}

#if DEBUG
  // Without optimisation a forward pass of vgg16 takes minutes.
  private let memoryCases = [("cifar-vgg", 8, false)]
#else
  private let memoryCases = [("mnist-cnn", 1024, false), ("cifar-vgg", 32, false), ("vgg16", 2, true)]
#endif
