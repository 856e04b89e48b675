import Foundation
import Scaling
import Testing

@Suite struct StatisticsTests {
  @Test func theMedianIsInTheMiddle() {
    #expect(median([3, 1, 2]) == 2 && median([4, 1, 3, 2]) == 2.5 && median([7]) == 7)
  }

  /// Logarithms 1, 2, 3: mean 2, deviation 1; t of 2 degrees of freedom is 4.303.
  @Test func theIntervalIsStudents() throws {
    let interval = try #require(confidenceInterval([1, 2, 3].map { exp($0) }))
    let half = 4.303 / 3.0.squareRoot()
    #expect(abs(log(interval.lowerBound) - (2 - half)) < 1e-9)
    #expect(abs(log(interval.upperBound) - (2 + half)) < 1e-9)
    #expect(confidenceInterval([5]) == nil)
    let many = try #require(confidenceInterval((0..<200).map { exp($0 % 2 == 0 ? 1 : 3) }))
    // 1.972 of 199 degrees of freedom.
    #expect(
      abs((log(many.upperBound) - 2) / (1.972 * (200.0 / 199).squareRoot() / 200.0.squareRoot()) - 1) < 1e-3)
  }

  @Test func leastSquaresStayNonNegative() {
    func rows(_ points: [(Double, Double, Double)]) -> [(x: Double, y: Double, z: Double, weight: Double)] {
      points.map { ($0.0, $0.1, $0.2, 1) }
    }
    let exact = nonNegativeLeastSquares(rows([(1, 1, 5), (2, 1, 8), (5, 1, 17)]))
    #expect(abs(exact.a - 3) < 1e-12 && abs(exact.b - 2) < 1e-12)
    // The line through these falls below 0 at x = 0: with b = 0, a = sum xz / sum xx = 65 / 30.
    let steep = nonNegativeLeastSquares(rows([(1, 1, 0), (2, 1, 4), (3, 1, 7), (4, 1, 9)]))
    #expect(abs(steep.a - 65.0 / 30) < 1e-12 && steep.b == 0)
    // Proportional columns: one of them is enough.
    let same = nonNegativeLeastSquares(rows([(2, 1, 6), (4, 2, 12)]))
    #expect(abs(2 * same.a + same.b - 6) < 1e-12 && (same.a == 0 || same.b == 0))
    #expect(nonNegativeLeastSquares(rows([(1, 1, -5), (2, 1, -8)])) == (0, 0))
  }
}

@Suite struct LaunchTests {
  private func words(
    _ launch: Launch, ranks: Int, threads: Int = 1, _ environment: [String: String] = [:]
  ) -> String {
    launch.words(ranks: ranks, threads: threads, ["me", "train"], environment, cores: 4).joined(
      separator: " ")
  }

  @Test func ranksGetCoresOfTheirOwn() {
    let plain = Launch()
    #expect(words(plain, ranks: 4) == "mpirun -np 4 --bind-to core me train")
    #expect(words(plain, ranks: 5) == "mpirun -np 5 --bind-to none me train")
    #expect(
      words(plain, ranks: 2, threads: 2) == "mpirun -np 2 --map-by slot:PE=2 --bind-to core me train")
    #expect(words(plain, ranks: 4, ["SLURM_JOB_ID": "7"]) == "mpirun -np 4 me train")
    var own = Launch()
    own.options = ["--bind-to", "socket"]
    #expect(words(own, ranks: 2, threads: 2) == "mpirun -np 2 --bind-to socket me train")
    var hosts = Launch()
    (hosts.hostfile, hosts.options) = ("hosts", ["--mca", "btl", "tcp,self"])
    #expect(words(hosts, ranks: 8) == "mpirun -np 8 --hostfile hosts --mca btl tcp,self me train")
  }

  /// As few hosts as hold the ranks, where SLURM says how many one holds; options of the user come last and win.
  @Test func srunTakesAsFewHostsAsHoldTheRanks() {
    var slurm = Launch()
    (slurm.program, slurm.options) = (.srun, ["--overlap"])
    let bound = "--distribution=block --cpu-bind=cores --overlap me train"
    #expect(words(slurm, ranks: 8, threads: 3) == "srun --mpi=pmix -n 8 -c 3 \(bound)")
    let job = ["SLURM_NTASKS_PER_NODE": "4", "SLURM_JOB_NUM_NODES": "4"]
    for (ranks, nodes) in [(1, 1), (4, 1), (5, 2), (16, 4), (17, 4)] {
      #expect(words(slurm, ranks: ranks, job) == "srun --mpi=pmix -n \(ranks) -c 1 --nodes=\(nodes) \(bound)")
    }
    #expect(words(slurm, ranks: 2, ["SLURM_NTASKS_PER_NODE": "many"]) == "srun --mpi=pmix -n 2 -c 1 \(bound)")
    #expect(words(slurm, ranks: 2, ["CNN_MPI_SRUN_MPI": "pmi2"]) == "srun --mpi=pmi2 -n 2 -c 1 \(bound)")
    #expect(words(slurm, ranks: 2, ["CNN_MPI_SRUN_MPI": ""]) == "srun --mpi=pmix -n 2 -c 1 \(bound)")
  }

  @Test func mpirunIsToldWhatItHasToKnow() {
    let plain = Launch()
    func additions(_ ranks: Int, _ environment: [String: String] = [:], isRoot: Bool = false) -> [String] {
      plain.additions(ranks: ranks, to: environment, cores: 4, isRoot: isRoot).keys.sorted()
    }
    #expect(additions(4).isEmpty)
    #expect(additions(5) == ["OMPI_MCA_rmaps_base_oversubscribe"])
    #expect(additions(5, ["OMPI_MCA_rmaps_base_oversubscribe": "0"]).isEmpty)
    #expect(additions(5, ["SLURM_JOB_ID": "7"]).isEmpty)
    #expect(additions(1, isRoot: true) == ["OMPI_ALLOW_RUN_AS_ROOT", "OMPI_ALLOW_RUN_AS_ROOT_CONFIRM"])
  }
}
