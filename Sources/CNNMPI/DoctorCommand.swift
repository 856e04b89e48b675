import Doctor
import Networks
import Reporting

/// `cnn-mpi doctor`: looks at the machines before a run.
enum DoctorCommand {
  private typealias O = Option<DoctorConfiguration>

  private static let options = OptionTable<DoctorConfiguration>(groups: [
    (
      "The run to come",
      [
        O("--data", \.training.data, .text("PATH|synthetic"), "data that every rank is to read"),
        O(
          "--model", \.training.model, .text("NAME|FILE.json"),
          "one of \(ModelZoo.names); memory and disk go by it"),
        O(
          "--threads", \.training.threads, .count(upTo: 1024),
          "threads a rank [its cores / ranks that share them]"),
        O("--out", \.out, .text("DIR"), "directory for results, which is tried and left as it was found"),
        O("--keep", \.training.keep, .count(), "checkpoints that there is to be room for"),
      ]
    ),
    (
      "Checks and output",
      [
        O(
          "--timeout", \.timeout, .positive,
          "seconds that a file system has to answer; a rank that all wait for has 5 more"),
        O("--json", \.json, "print JSON, with what every rank found, instead of a table"),
      ]
    ),
  ])

  static let subcommand = Subcommand(
    name: "doctor", summary: "looks whether training can run well on these machines", help: help,
    parse: { arguments throws(UsageError) in
      var configuration = DoctorConfiguration()
      try options.parse(arguments, into: &configuration)
      let complete = configuration
      return .preflight { world in
        let report = try examine(complete, in: world, version: CNNMPI.version)
        try world.print(text(of: report, complete))
        if let problems = NotReadyError(report) { throw problems }
      }
    })

  private static func text(of report: DoctorReport, _ configuration: DoctorConfiguration) throws -> String {
    guard !configuration.json else { return String(decoding: try prettyJSON(report), as: UTF8.self) }
    let console = Console()
    return report.lines.map { "\(console.shown($0))\n" }.joined()
  }

  private static let help = Help(
    usage: ["[mpirun -np RANKS] cnn-mpi doctor [options]"],
    description: """
      Looks whether training can run well here, in a few seconds: start it like the run to come, with the same
      mpirun options. Each problem comes with the command that mends it.

      MPI              one library on all ranks, and the mpirun that belongs to it; processes left alone
      program          the same binary everywhere, to the bit
      placement        cores of each rank; more ranks or --threads than cores, ranks that share cores
      CPU, BLAS        one kind of CPU, the fastest kernel of OpenBLAS, limits of control groups and frequency
      sgemm            GFLOP/s of every rank while all compute; slow ranks
      allreduce        time of a sum over all ranks, of 4 bytes and 4 MB
      neighbours       messages between ranks i and i + 1; slow links
      clocks           differences between hosts
      memory           what the model needs with train's defaults for all that has no option here (batch size,
                       optimizer), and what there is, also in control groups; /dev/shm
      temporary files  where MPI keeps its session
      run directory    made, written, synced; free space
      data             readable and the same on all ranks
      """,
    options: options.listed(defaults: DoctorConfiguration()),
    closing: """
      Exit codes: 0 ready, maybe with warnings, 1 something has to be mended first, 2 usage.
      """)
}
