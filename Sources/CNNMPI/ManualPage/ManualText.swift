/// What the manual page says beside the help of the subcommands.
enum ManualText {
  static let description = """
    cnn-mpi trains convolutional networks by synchronous data-parallel SGD: every rank computes a part of each batch
    by fused convolutions on BLAS, and the gradients are averaged over the ranks by MPI_Allreduce while the backward
    pass is still running. Runs can be stopped and resumed, give the same weights on any number of ranks if asked to,
    and leave models that PyTorch reads.

    Start it by mpirun, or in a SLURM job by srun; without either it is one rank. Without arguments it trains on
    digits that it draws itself. Options without a command are those of train. A value follows its option as the next
    word or behind an equals sign. In brackets are the defaults.
    """

  static let exitCodes: [(code: Int, meaning: String)] = [
    (0, "Done; of doctor: ready, maybe with warnings."),
    (1, "Failed; of predict also: an image could not be read; of doctor: something has to be mended first."),
    (2, "The command line was not understood."),
    (75, "Stopped by a signal, behind a checkpoint, from which --resume goes on."),
  ]

  static let environment: [(name: String, meaning: String)] = [
    ("CNN_MPI_SRUN_MPI", "What `scaling run --launcher srun` gives to srun's --mpi [pmix]."),
    ("NO_COLOR", "Set to anything: no colors on a terminal."),
    (
      "OPENBLAS_CORETYPE",
      "OpenBLAS's kernel, such as Haswell or SkylakeX, in place of the one that fits the CPU. All ranks of a "
        + "reproducible run need the same."
    ),
    (
      "OMPI_MCA_*",
      "Settings of Open MPI, which go before those that the program makes, such as OMPI_MCA_btl_tcp_eager_limit."
    ),
    (
      "PATH",
      "Where gnuplot is looked for, which draws the figures, and mpirun and srun, which scaling run starts."
    ),
    ("TMPDIR", "Directory of Open MPI's session files [/tmp]."),
  ]

  static let runDirectory = "A run writes into its directory, which is given by --out or is runs/<time>:"

  static let files: [(name: String, meaning: String)] = [
    (
      "run.json",
      "Configuration, machine and results: status, test_accuracy, images_per_second, weights_sha256, ..."
    ),
    ("metrics.csv", "A row an epoch."),
    ("metrics.jsonl", "A line every --log-every steps and at the end of each epoch."),
    ("events.out.tfevents.*", "The same for TensorBoard."),
    ("model.safetensors", "The weights, under PyTorch's names."),
    ("checkpoints/", "What --resume goes on from: step-N-epoch-N.safetensors, and .json with its SHA-256."),
    ("trace.json", "With --trace: what each thread of each rank did when, for ui.perfetto.dev."),
    ("training_metrics.png, training_metrics.svg", "Accuracy and loss by epoch, drawn by gnuplot."),
  ]

  static let examples: [(text: String, commands: String)] = [
    ("Train on built-in digits, on two ranks:", "mpirun -np 2 cnn-mpi"),
    (
      "Train on the files of MNIST in the directory mnist; the same line goes on with a run that was stopped:",
      "mpirun -np 4 cnn-mpi --data mnist --out runs/a --resume auto"
    ),
    (
      "Look at the machines before a run, with the same options of mpirun:",
      "mpirun --hostfile hosts -np 8 cnn-mpi doctor --data mnist"
    ),
    (
      "Evaluate what was trained, and use it:",
      """
      cnn-mpi evaluate --model runs/a --data mnist
      cnn-mpi predict --model runs/a digit.png
      """
    ),
    (
      "Measure how training scales, with runs of 1, 2, 4 and 8 ranks:",
      "cnn-mpi scaling run --ranks 1,2,4,8 --repeat 3 --out runs/weak"
    ),
  ]

  static let seeAlso =
    "mpirun(1), sbatch(1), srun(1), gnuplot(1). The manual is in Sources/CNNMPI/CNNMPI.docc of the source."
}
