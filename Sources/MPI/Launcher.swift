import Glibc

/// What the program that launched this process says of itself in the environment.
///
/// Rank and size always come from MPI. The environment only serves to notice that MPI was *not* reached: a
/// binary of one MPI under the launcher of another, or under `srun` without PMIx, becomes P worlds of one
/// rank that each train alone.
package enum Launcher {
  /// Number of ranks that the innermost launcher meant, and the variable that says so.
  package static func intendedRanks(
    in environment: (String) -> String? = environmentVariable
  ) -> (count: Int, variable: String)? {
    for variable in [
      "OMPI_COMM_WORLD_SIZE", "PMI_SIZE", "MPI_LOCALNRANKS", "SLURM_STEP_NUM_TASKS", "SLURM_NTASKS",
    ] {
      if let text = environment(variable), let count = Int(text) { return (count, variable) }
    }
    return nil
  }

  /// The number that the launcher gave this process among those that it started; nil where it gave none.
  package static func intendedRank(
    in environment: (String) -> String? = environmentVariable
  ) -> Int? {
    ["OMPI_COMM_WORLD_RANK", "PMI_RANK", "SLURM_PROCID"].lazy.compactMap(environment).first.flatMap {
      Int($0)
    }
  }

  /// The reason to stop when the world has one rank and the launcher meant more.
  package static func singletonError(
    worldSize: Int, in environment: (String) -> String? = environmentVariable
  ) -> SingletonError? {
    guard worldSize == 1, let intended = intendedRanks(in: environment), intended.count > 1 else {
      return nil
    }
    return SingletonError(intended: intended.count, variable: intended.variable)
  }
}

/// One process alone where many were launched.
package struct SingletonError: Error, Equatable, CustomStringConvertible {
  package let intended: Int
  package let variable: String

  package var description: String { "\(problem). To mend it: \(remedy)" }

  package var problem: String {
    "MPI sees 1 rank, but the launcher meant \(intended) (\(variable)=\(intended)): every rank would train alone"
  }

  package var remedy: String {
    variable.hasPrefix("SLURM")
      ? "use `srun --mpi=pmix` (`srun --mpi=list` shows what this SLURM has) or `mpirun` in the allocation; "
        + "for one rank on purpose `mpirun -np 1`"
      : "launch with the mpirun of the MPI that cnn-mpi is linked with (`ldd cnn-mpi | grep libmpi`)"
  }
}

/// The value of an environment variable of this process.
package func environmentVariable(_ name: String) -> String? {
  getenv(name).map { String(cString: $0) }
}
