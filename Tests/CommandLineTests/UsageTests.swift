import Foundation
import TestSupport
import Testing

@Suite struct UsageTests {
  @Test func helpListsAllOptionsOfTheContract() throws {
    let options = [
      "--data", "--model", "--epochs", "--batch-size", "--global-batch", "--micro-batch", "--threads",
      "--optimizer",
      "--lr", "--lr-scaling", "--warmup-epochs", "--schedule", "--momentum", "--weight-decay", "--seed",
      "--out", "--records", "--log-every", "-v, --verbose", "--quiet", "--validation-split", "--accumulate",
      "--early-stopping", "--augment", "--label-smoothing", "--clip-norm", "--ema", "--save-every", "--keep",
      "--resume", "--reproducible", "--replica-guard", "--compress", "--hierarchical", "--stall-warning",
      "--stall-abort",
    ]
    for arguments in [["--help"], ["train", "--help"], ["train", "--epochs", "1", "-h"]] {
      let program = try Program.run(arguments)
      #expect(program.exitCode == 0 && program.errors.isEmpty)
      for option in options { #expect(program.output.contains("  \(option) "), "\(option)") }
      #expect(program.output.split(separator: "\n").allSatisfy { $0.count <= 110 })
    }
  }

  @Test func versionIsPrinted() throws {
    let program = try Program.run(["--version"])
    #expect(program.exitCode == 0 && program.output.hasPrefix("cnn-mpi ") && program.output.contains("."))
  }

  @Test(arguments: [
    (["--epoch", "3"], "unknown option --epoch, did you mean --epochs?"),
    (["--frobnicate"], "unknown option --frobnicate"),
    (["--batch-size", "0"], "--batch-size: expected a whole number from 1 to 2147483647, found \"0\""),
    (["--batch-size", "-5"], "--batch-size: expected a whole number from 1 to 2147483647, found \"-5\""),
    (["--epochs", "many"], "--epochs: expected a whole number from 1 to 2147483647, found \"many\""),
    (["--lr", "nan"], "--lr: expected a number above 0, found \"nan\""),
    (["--lr", "inf"], "--lr: expected a number above 0, found \"inf\""),
    (["--lr=-0.1"], "--lr: expected a number above 0, found \"-0.1\""),
    (["--lr"], "--lr: expected a value X, found nothing"),
    (["--momentum", "1"], "--momentum: expected a number from 0 to below 1, found \"1\""),
    (["--label-smoothing", "1"], "--label-smoothing: expected a number from 0 to below 1, found \"1\""),
    (["--ema", "1"], "--ema: expected a number above 0 and below 1, found \"1\""),
    (["--validation-split", "0"], "--validation-split: expected a number above 0 and below 1, found \"0\""),
    (["--clip-norm", "0"], "--clip-norm: expected a number above 0, found \"0\""),
    (
      ["--augment", "cutout"],
      "--augment: expected none or digits or photos or resized-crop, found \"cutout\""
    ),
    (["--optimizer", "lion"], "--optimizer: expected sgd or adam or adamw or lars or lamb, found \"lion\""),
    (["--seed", "-1"], "--seed: expected a whole number from 0 to 2^64 - 1, found \"-1\""),
    (["--out="], "--out: expected a text, found \"\""),
    (
      ["tarin"],
      "unknown command \"tarin\"; there are train, lr-find, evaluate, predict, model, data, svm, import, export, plot, bench, scaling, doctor, completions, manual"
    ),
    (["train", "mnist"], "unexpected argument \"mnist\""),
    (["--resume", "auto"], "--resume auto: expected --out DIR"),
    (["--save-every", "5m"], "--save-every: expected epochs as 2, steps as 500steps"),
    (["-x"], "unknown option -x"),
    (["-v=1"], "--verbose: expected no value, found \"1\""),
    (["--log-every", "0"], "--log-every: expected a whole number from 1 to 2147483647, found \"0\""),
    (["--records", "none"], "--records: expected all or csv, found \"none\""),
    (["--compress", "int8"], "--compress: expected none or bf16 or fp16, found \"int8\""),
    (["--stall-abort", "-1"], "--stall-abort: expected 0 or a number of at least 3, found \"-1\""),
    (["--reproducible", "--compress", "bf16"], "--reproducible: expected no --compress"),
    (["--hierarchical", "--reproducible"], "--reproducible: expected no --hierarchical"),
    (["bench", "step", "--hierarchical", "--reproducible"], "--reproducible: expected no --hierarchical"),
    (["completions"], "completions: expected one of bash, zsh, fish, found nothing"),
    (["completions", "tcsh"], "completions: expected one of bash, zsh, fish, found \"tcsh\""),
    (["completions", "zsh", "bash"], "completions zsh: expected no more arguments, found \"bash\""),
    (["manual", "train"], "manual: expected no more arguments, found \"train\""),
    (
      ["lr-find", "--min-lr", "0.1", "--max-lr", "0.1"],
      "--max-lr: expected more than --min-lr, 0.1, found \"0.1\""
    ),
    (["lr-find", "--steps", "19"], "--steps: expected a whole number from 20 to 2147483647, found \"19\""),
    (["lr-find", "--epochs", "3"], "unknown option --epochs"),
    (["lr-find", "--reproducible", "--hierarchical"], "--reproducible: expected no --hierarchical"),
    (
      ["evaluate", "--model", "a", "--mistakes", "401"],
      "--mistakes: expected a whole number from 1 to 400, found \"401\""
    ),
    (["plot"], "plot: expected one or more run directories, found none"),
    (
      ["plot", "run", "--out", "a.pdf"],
      "--out: expected a file name that ends in .png or .svg, found \"a.pdf\""
    ),
  ])
  func wrongArgumentsAreOneLineAndExitCode2(_ arguments: [String], _ expected: String) throws {
    let program = try Program.run(arguments)
    #expect(program.exitCode == 2)
    #expect(program.errorLines.count == 1 && program.errors.split(separator: "\n").count == 1)
    #expect(program.errors.contains(expected), "\(program.errors)")
    #expect(program.errors.contains("--help"), "no hint in \(program.errors)")
    #expect(program.output.isEmpty)
  }

  @Test func onlyOneRankSpeaks() throws {
    let wrong = try Program.run(["--epoch", "3"], ranks: 3)
    #expect(wrong.exitCode == 2 && wrong.errorLines.count == 1, "\(wrong.errors)")
    let help = try Program.run(["--help"], ranks: 2)
    #expect(help.exitCode == 0 && help.output.components(separatedBy: "Usage:").count == 2)
  }

  @Test(arguments: [
    (["PMI_SIZE": "4"], "the launcher meant 4 (PMI_SIZE=4)"),
    (["SLURM_NTASKS": "2"], "srun --mpi=pmix"),
  ])
  func aSingletonUnderALauncherIsRefused(_ environment: [String: String], _ expected: String) throws {
    let program = try Program.run(["--epochs", "1", "--train-samples", "64"], environment: environment)
    #expect(program.exitCode == 1 && program.errorLines.count == 1)
    #expect(program.errors.contains(expected), "\(program.errors)")
  }

  /// One rank on purpose inside an allocation of more is fine: mpirun, the innermost launcher, meant one.
  @Test func oneRankOnPurposeIsAccepted() throws {
    try withTemporaryDirectory { directory in
      let program = try Program.run(
        ["--epochs", "1", "--train-samples", "64", "--test-samples", "10", "--out", directory], ranks: 1,
        environment: ["SLURM_NTASKS": "2"])
      #expect(program.exitCode == 0, "\(program.errors)")
    }
  }
}
