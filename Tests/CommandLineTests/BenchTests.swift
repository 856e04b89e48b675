import Foundation
import TestSupport
import Testing

/// Each kind of benchmark, alone and on two ranks: complete, and with numbers that fit together.
@Suite(.serialized) struct BenchTests {
  /// Runs `bench` with `--json` and gives what it printed.
  private func json(
    _ arguments: [String], ranks: Int?, sourceLocation: SourceLocation = #_sourceLocation
  ) throws -> [String: Any] {
    let program = try Program.run(["bench"] + arguments + ["--repetitions", "2", "--json"], ranks: ranks)
    #expect(program.exitCode == 0, "\(program.errors)", sourceLocation: sourceLocation)
    let value = try JSONSerialization.jsonObject(with: Data(program.output.utf8)) as? [String: Any]
    let report = try #require(value, sourceLocation: sourceLocation)
    #expect(report["benchmark"] as? String == arguments[0], sourceLocation: sourceLocation)
    #expect(report["ranks"] as? Int == ranks ?? 1 && report["repetitions"] as? Int == 2)
    let environment = report["environment"] as? [String: Any] ?? [:]
    #expect((environment["hosts"] as? [String])?.count == ranks ?? 1 && environment["blas_kernel"] is String)
    return report
  }

  private func number(_ report: [String: Any], _ key: String) -> Double { report[key] as? Double ?? .nan }

  /// Equal but for rounding.
  private func agree(_ a: Double, _ b: Double) -> Bool { abs(a - b) <= 1e-9 * max(abs(a), abs(b)) }

  @Test(arguments: [nil, 2])
  func gemm(ranks: Int?) throws {
    let report = try json(["gemm"], ranks: ranks)
    let shapes = report["shapes"] as? [[String: Any]] ?? []
    let rates = shapes.map { number($0, "gflops") }
    let peak = number(report, "peak_gflops")
    #expect(shapes.count >= 8 && peak == rates.max())
    #expect(number(report, "peak_gflops_min") <= peak && number(report, "peak_gflops_max") >= peak)
    #expect(shapes.contains { row in ["m", "n", "k"].allSatisfy { row[$0] as? Int == 1024 } })
    for row in shapes {
      let flop = 2 * number(row, "m") * number(row, "n") * number(row, "k")
      #expect(agree(number(row, "microseconds") * 1e3 * number(row, "gflops"), flop))
      #expect(number(row, "gflops_min") > 0 && number(row, "gflops_min") <= number(row, "gflops"))
      #expect(number(row, "gflops_max") >= number(row, "gflops"))
      #expect(agree(number(row, "percent_of_peak"), 100 * number(row, "gflops") / peak))
    }
  }

  @Test(arguments: [nil, 2])
  func loader(ranks: Int?) throws {
    let images = "\(packageRoot)/../shared/data/images"
    let report = try json(
      ["loader", "--data", images, "--model", "resnet20", "--threads", "2", "--train-samples", "100"]
        + ["--augment", "resized-crop"], ranks: ranks)
    #expect(report["images"] as? Int == 100 && report["shape"] as? [Int] == [32, 32, 3])
    #expect(report["augmentation"] as? String == "resized-crop" && report["threads"] as? Int == 2)
    let rate = number(report, "images_per_second")
    #expect(
      number(report, "images_per_second_min") <= rate && number(report, "images_per_second_max") >= rate)
    #expect(agree(number(report, "images_per_second_a_thread") * 2 * Double(ranks ?? 1), rate))
    #expect(agree(number(report, "pixel_bytes_per_second"), rate * 32 * 32 * 3))
    #expect(number(report, "images_per_processor_second") > 1000)
  }

  @Test(arguments: [(nil, false), (2, false), (nil, true)])
  func layers(ranks: Int?, forward: Bool) throws {
    let report = try json(
      ["layers", "--model", "mnist-bn", "--micro-batch", "8"] + (forward ? ["--forward"] : []), ranks: ranks)
    #expect(report["model"] as? String == "mnist-bn" && report["micro_batch"] as? Int == 8)
    let operations = report["operations"] as? [[String: Any]] ?? []
    let layers = operations.map { $0["name"] as? String ?? "" }.joined(separator: " + ")
    let trained = """
      conv1 + bn1 + relu1 + conv2 + bn2 + relu2 + pool1 + dropout1 + conv3 + bn3 + relu3 + conv4 + bn4 \
      + relu4 + pool2 + dropout2 + fc1 + bn5 + relu5 + dropout3 + fc2
      """
    #expect(layers == (forward ? trained.replacing(#/ \+ bn\d/#, with: "") : trained))
    let peak = number(report, "sgemm_peak_gflops")
    for direction in forward ? ["forward"] : ["forward", "backward"] {
      let passes = operations.compactMap { $0[direction] as? [String: Any] }
      let total = report[direction] as? [String: Any] ?? [:]
      #expect(passes.count == operations.count)
      for pass in passes {
        #expect(number(pass, "microseconds_per_image") > 0 && number(pass, "bytes_per_image") > 0)
        #expect(agree(number(pass, "percent_of_peak"), 100 * number(pass, "gflops") / peak))
      }
      #expect(passes.contains { number($0, "gflops") > 0 } && number(total, "gflops") > 0)
      let sum = passes.reduce(0) { $0 + number($1, "microseconds_per_image") }
      #expect(agree(number(total, "microseconds_per_image"), sum))
    }
    #expect((report["backward"] == nil) == forward)
    #expect((number(report, "loss_microseconds_per_image") > 0) == !forward)
  }

  /// 13,074,432 = 6 x the multiply-adds of mnist-cnn less those of the first convolution's input gradient.
  @Test(arguments: [(nil, 2, false), (2, 1, false), (nil, 2, true)])
  func step(ranks: Int?, threads: Int, forward: Bool) throws {
    let report = try json(
      [
        "step", "--model", "mnist-cnn", "--batch-size", "24", "--micro-batch", "8", "--threads", "\(threads)",
        "--bucket-kilobytes", "64", "--seed", "3",
      ] + (forward ? ["--forward"] : []), ranks: ranks)
    let size = ranks ?? 1
    #expect(report["model"] as? String == "mnist-cnn" && report["threads"] as? Int == threads)
    #expect(report["mode"] as? String == (forward ? "forward" : "training"))
    #expect(report["batch_size"] as? Int == 24 && report["global_batch"] as? Int == 24 * size)
    #expect(report["micro_batch"] as? Int == 8 && report["bucket_kilobytes"] as? Int == 64)
    #expect(report["steps_per_repetition"] as? Int ?? 0 >= 3)
    let flop = number(report, "flop_per_image")
    #expect(flop == (forward ? 2 * 2_215_168 : 6 * 2_215_168 - 2 * 165_888))
    let speed = number(report, "images_per_second")
    #expect(
      number(report, "images_per_second_min") <= speed && number(report, "images_per_second_max") >= speed)
    #expect(agree(number(report, "gflops"), speed * flop / 1e9))
    let cores = Double(size * threads) * number(report, "sgemm_peak_gflops")
    #expect(agree(number(report, "percent_of_peak"), 100 * number(report, "gflops") / cores))

    let parts = report["microseconds_per_image"] as? [String: Double] ?? [:]
    let shares = report["percent_of_step"] as? [String: Double] ?? [:]
    #expect(
      parts.keys.sorted() == ["backward", "data", "forward", "reduce", "step", "sum", "update", "wait"])
    let step = parts["step"] ?? .nan
    #expect(agree(speed * step, 1e6 * Double(size)))
    for (name, value) in parts {
      #expect(agree(shares[name] ?? .nan, 100 * value / step))
      #expect(forward && ["backward", "update", "wait"].contains(name) ? value == 0 : value > 0, "\(name)")
    }
    let hidden = number(report, "hidden_microseconds_per_image")
    #expect(size > 1 && !forward ? hidden > 0 && hidden < step : hidden == 0)
    let sum = parts.values.reduce(-step, +)
    #expect(sum > 0.8 * step && sum < 1.1 * step, "\(parts)")
  }

  @Test(arguments: [nil, 2])
  func allReduce(ranks: Int?) throws {
    let report = try json(["allreduce"], ranks: ranks)
    let sizes = report["sizes"] as? [[String: Any]] ?? []
    #expect(sizes.map { $0["bytes"] as? Int ?? 0 } == (1...13).map { 1 << (2 * $0) })
    for row in sizes {
      let time = number(row, "microseconds")
      #expect(number(row, "microseconds_min") > 0 && number(row, "microseconds_min") <= time)
      #expect(number(row, "microseconds_max") >= time)
      #expect(agree(number(row, "gigabytes_per_second") * time * 1e3, number(row, "bytes")))
    }
    let fit = report["fit"] as? [String: Double] ?? [:]
    #expect(fit["latency_microseconds"] ?? 0 > 0 && fit["relative_error"] ?? -1 >= 0)
    if ranks == 2 {
      #expect(number(sizes[12], "microseconds") > 10 * number(sizes[0], "microseconds"))
      #expect(fit["bandwidth_gigabytes_per_second"] ?? 0 > 0)
      #expect(fit["latency_microseconds"] ?? 0 < number(sizes[12], "microseconds"))
    }
  }

  /// Models of any input shape, also from a file.
  @Test func anyModelCanBeMeasured() throws {
    try withTemporaryDirectory { directory in
      let path = "\(directory)/model.json"
      try #"{"name": "wide", "input": [9, 20, 5], "layers": [{"type": "dense", "units": 300}]}"#.write(
        toFile: path, atomically: true, encoding: .utf8)
      let report = try json(["step", "--model", path], ranks: 2)
      #expect(report["model"] as? String == "wide" && report["flop_per_image"] as? Int == 4 * 900 * 300)
    }
  }

  @Test func tablesAreForPeople() throws {
    for (kind, expected) in [
      ("gemm", ["sgemm peak", "1024  1024  1024"]), ("layers", ["conv1", "all backward", "% of peak"]),
      ("step", ["images/s", "us/image", "% of step", "backward"]), ("allreduce", ["latency", "67,108,864"]),
    ] {
      let program = try Program.run(["bench", kind, "--repetitions", "1"], ranks: 2)
      #expect(program.exitCode == 0, "\(program.errors)")
      for text in ["bench \(kind)\n", " kernel, on "] + expected { #expect(program.output.contains(text)) }
      #expect(program.output.components(separatedBy: "cnn-mpi 0.").count == 2, "more than one rank speaks")
      let lines = program.output.split(separator: "\n").filter { !$0.hasPrefix("warning: ") }
      #expect(lines.allSatisfy { $0.count <= 110 }, "\(program.output)")
    }
  }

  @Test func helpComesFromTheOptions() throws {
    let all = try Program.run(["bench", "--help"])
    #expect(all.exitCode == 0 && all.output.hasPrefix("Usage: [mpirun -np RANKS] cnn-mpi bench KIND"))
    for kind in ["gemm", "layers", "step", "loader", "allreduce"] {
      #expect(all.output.contains("\n  \(kind) "))
      let help = try Program.run(["bench", kind, "--help"])
      #expect(help.exitCode == 0 && help.output.contains("cnn-mpi bench \(kind) [options]"))
      #expect(help.output.contains("  --repetitions N ") && help.output.contains("  --json "))
      #expect(help.output.contains("  --model ") == ["layers", "step", "loader"].contains(kind))
      #expect(help.output.contains("  --threads N ") == ["step", "loader"].contains(kind))
      #expect(help.output.split(separator: "\n").allSatisfy { $0.count <= 110 })
    }
  }

  @Test(arguments: [
    (["bench"], "bench: expected one of gemm, layers, step, loader, allreduce, found nothing", "bench"),
    (
      ["bench", "frobnicate"],
      "bench: expected one of gemm, layers, step, loader, allreduce, found \"frobnicate\"",
      "bench"
    ),
    (
      ["bench", "--json"], "bench: expected one of gemm, layers, step, loader, allreduce, found \"--json\"",
      "bench"
    ),
    (["bench", "gemm", "--model", "lenet5"], "unknown option --model", "bench gemm"),
    (["bench", "step", "--json=yes"], "--json: expected no value, found \"yes\"", "bench step"),
    (["bench", "step", "--forwards"], "unknown option --forwards, did you mean --forward?", "bench step"),
    (
      ["bench", "layers", "--repetitions", "0"], "--repetitions: expected a whole number from 1",
      "bench layers"
    ),
    (["bench", "loader"], "bench loader: expected --data PATH, found none", "bench loader"),
    (["bench", "allreduce", "4"], "unexpected argument \"4\"", "bench allreduce"),
  ])
  func wrongArgumentsAreOneLineAndExitCode2(_ arguments: [String], _ expected: String, _ hint: String) throws
  {
    let program = try Program.run(arguments)
    #expect(program.exitCode == 2 && program.output.isEmpty)
    #expect(program.errors.split(separator: "\n").count == 1)
    #expect(program.errors.contains(expected), "\(program.errors)")
    #expect(program.errors.contains("`cnn-mpi \(hint) --help` lists"), "\(program.errors)")
  }

  @Test(arguments: [nil, 2])
  func modelsThatCannotBeAreOneLineAndExitCode1(ranks: Int?) throws {
    let program = try Program.run(["bench", "step", "--model", "resnet51"], ranks: ranks)
    #expect(program.exitCode == 1 && program.errorLines.count == 1 && program.output.isEmpty)
    #expect(program.errors.contains("no model is called \"resnet51\""), "\(program.errors)")
    let huge = try Program.run(
      [
        "bench", "step", "--forward", "--model", "vgg16", "--micro-batch", "100000", "--batch-size", "100000",
      ],
      ranks: ranks)
    #expect(huge.exitCode == 1 && huge.errorLines.count == 1)
    #expect(huge.errors.contains("running vgg16 in micro-batches of 100000 takes at least"), "\(huge.errors)")
  }
}
