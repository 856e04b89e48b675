// swift-tools-version: 6.2
import PackageDescription

/// The CPU that the numeric modules are compiled for: `native`, or a name that clang knows, such as
/// `x86-64-v3` for a cluster of mixed nodes (`CNN_MPI_CPU=x86-64-v3 swift build -c release`).
let cpu = Context.environment["CNN_MPI_CPU"] ?? "native"

let spans: [SwiftSetting] = [.enableExperimentalFeature("Lifetimes")]

/// Settings of modules with hot loops: without `-march` Swift generates SSE2, inner loops would check at run time
/// that nobody else uses a buffer, and square roots that could set `errno` are computed one by one.
let numeric: [SwiftSetting] =
  spans + [
    .unsafeFlags(["-Xcc", "-march=\(cpu)", "-Xcc", "-fno-math-errno", "-enforce-exclusivity=unchecked"])
  ]

/// Tests build sooner without optimization, in release too: what takes their time is what they test.
let tests: [SwiftSetting] = spans + [.unsafeFlags(["-Onone"])]

let package = Package(
  name: "cnn-mpi",
  products: [.executable(name: "cnn-mpi", targets: ["CNNMPI"])],
  targets: [
    .systemLibrary(
      name: "CMPILibrary", pkgConfig: "mpi-c", providers: [.apt(["libopenmpi-dev", "openmpi-bin"])]),
    .systemLibrary(name: "CHwloc", pkgConfig: "hwloc", providers: [.apt(["libhwloc-dev"])]),
    .systemLibrary(name: "COpenBLASLibrary", pkgConfig: "openblas", providers: [.apt(["libopenblas-dev"])]),
    .systemLibrary(name: "CZlib", pkgConfig: "zlib", providers: [.apt(["zlib1g-dev"])]),
    .systemLibrary(name: "CPNGLibrary", pkgConfig: "libpng", providers: [.apt(["libpng-dev"])]),
    .systemLibrary(
      name: "CTurboJPEG", pkgConfig: "libturbojpeg", providers: [.apt(["libturbojpeg0-dev"])]),
    .systemLibrary(name: "CCrypto", pkgConfig: "libcrypto", providers: [.apt(["libssl-dev"])]),
    .systemLibrary(name: "CXXHash", pkgConfig: "libxxhash", providers: [.apt(["libxxhash-dev"])]),
    .systemLibrary(name: "CZip", pkgConfig: "libzip", providers: [.apt(["libzip-dev"])]),
    .target(name: "CPNG", dependencies: ["CPNGLibrary"]),
    .target(
      name: "CSimdjson", cxxSettings: [.unsafeFlags(["-O3", "-march=\(cpu)"])],
      linkerSettings: [.linkedLibrary("simdjson")]),
    .target(name: "CMPI", dependencies: ["CMPILibrary"]),
    .target(name: "COpenBLAS", dependencies: ["COpenBLASLibrary"]),
    .target(name: "CCPU"),
    .target(name: "CSystem"),

    // Imports only go down this list.
    .target(name: "Tensors", swiftSettings: numeric),
    .target(name: "Hashing", dependencies: ["CXXHash", "CCrypto"], swiftSettings: spans),
    .target(name: "System", dependencies: ["Tensors", "CSystem", "CHwloc"], swiftSettings: spans),
    .target(name: "Files", dependencies: ["Hashing", "Tensors", "CZip"], swiftSettings: spans),
    .target(name: "MPI", dependencies: ["System", "CMPI"], swiftSettings: spans),
    .target(name: "Kernels", dependencies: ["Tensors", "CCPU", "COpenBLAS"], swiftSettings: numeric),
    .target(
      name: "Data", dependencies: ["Files", "System", "Hashing", "Tensors", "CPNG", "CTurboJPEG", "CZlib"],
      swiftSettings: numeric),
    .target(name: "Optimizers", dependencies: ["Tensors"], swiftSettings: numeric),
    .target(name: "Networks", dependencies: ["Kernels", "Files", "Tensors"], swiftSettings: spans),
    .target(
      name: "Parallel", dependencies: ["MPI", "System", "Hashing", "Tensors"], swiftSettings: spans),
    .target(
      name: "LinearModels",
      dependencies: ["Kernels", "Parallel", "MPI", "Files", "System", "Hashing", "Tensors", "CSimdjson"],
      swiftSettings: numeric),
    .target(name: "Reporting", dependencies: ["Files", "System", "Tensors"], swiftSettings: spans),
    .target(
      name: "Models", dependencies: ["Networks", "Data", "Files", "Tensors"], swiftSettings: spans),
    .target(
      name: "Engine",
      dependencies: [
        "Parallel", "Networks", "Optimizers", "Data", "Kernels", "System", "Hashing", "Tensors",
      ],
      swiftSettings: spans),
    .target(
      name: "Runs",
      dependencies: [
        "Engine", "Models", "LinearModels", "Reporting", "Parallel", "Networks", "Optimizers", "Data",
        "Kernels", "MPI", "Files", "System", "Hashing", "Tensors",
      ],
      swiftSettings: spans),
    .target(
      name: "Benchmarks",
      dependencies: [
        "Runs", "Engine", "Models", "Reporting", "Parallel", "Networks", "Data", "Kernels", "MPI", "System",
        "Tensors",
      ],
      swiftSettings: spans),
    .target(
      name: "Scaling",
      dependencies: ["Runs", "Reporting", "Parallel", "Files", "System", "Tensors"], swiftSettings: spans),
    .target(
      name: "Doctor",
      dependencies: [
        "Benchmarks", "Runs", "Engine", "Models", "Reporting", "Parallel", "Networks", "Data", "Kernels",
        "MPI", "Files", "System", "Hashing", "Tensors",
      ],
      swiftSettings: spans),
    .executableTarget(
      name: "CNNMPI",
      dependencies: [
        "Doctor", "Scaling", "Benchmarks", "Runs", "LinearModels", "Engine", "Models", "Reporting",
        "Parallel",
        "Networks", "Data", "Kernels", "MPI", "Files", "System", "Tensors",
      ],
      swiftSettings: spans),

    .target(
      name: "TestSupport", dependencies: ["Kernels", "System", "Tensors"], path: "Tests/TestSupport",
      swiftSettings: spans),
    .testTarget(name: "TensorsTests", dependencies: ["Tensors", "TestSupport"], swiftSettings: tests),
    .testTarget(name: "HashingTests", dependencies: ["Hashing"], swiftSettings: tests),
    .testTarget(name: "SystemTests", dependencies: ["System", "TestSupport"], swiftSettings: tests),
    .testTarget(
      name: "FilesTests", dependencies: ["Files", "Hashing", "Tensors", "TestSupport"], swiftSettings: tests),
    .testTarget(
      name: "KernelsTests", dependencies: ["Kernels", "Tensors", "TestSupport"], swiftSettings: tests),
    .testTarget(
      name: "NetworksTests",
      dependencies: ["Networks", "Optimizers", "Kernels", "Files", "Tensors", "TestSupport"],
      swiftSettings: tests),
    .testTarget(
      name: "OptimizersTests", dependencies: ["Optimizers", "Tensors", "TestSupport"], swiftSettings: tests),
    .testTarget(
      name: "DataTests", dependencies: ["Data", "Files", "Tensors", "CZlib", "TestSupport"],
      swiftSettings: tests),
    .testTarget(
      name: "ParallelTests", dependencies: ["Parallel", "MPI", "System", "Hashing"], swiftSettings: tests),
    .testTarget(
      name: "ReportingTests", dependencies: ["Reporting", "Files", "Tensors", "TestSupport"],
      swiftSettings: tests),
    .testTarget(
      name: "ModelsTests", dependencies: ["Models", "Networks", "Data", "Files", "Tensors", "TestSupport"],
      swiftSettings: tests),
    .testTarget(
      name: "EngineTests", dependencies: ["Engine", "Parallel", "Networks", "Data", "System", "Tensors"],
      swiftSettings: tests),
    .testTarget(
      name: "RunsTests",
      dependencies: [
        "Runs", "Engine", "Models", "Reporting", "Parallel", "Files", "System", "Tensors", "TestSupport",
      ],
      swiftSettings: tests),
    .testTarget(
      name: "LinearModelsTests", dependencies: ["LinearModels", "Files", "TestSupport"],
      swiftSettings: tests),
    .testTarget(
      name: "BenchmarksTests", dependencies: ["Benchmarks", "Networks", "System", "Tensors"],
      swiftSettings: tests),
    .testTarget(
      name: "DoctorTests", dependencies: ["Doctor", "Reporting", "MPI", "System", "TestSupport"],
      swiftSettings: tests),
    .testTarget(
      name: "ScalingTests",
      dependencies: ["Scaling", "Files", "Tensors", "TestSupport"],
      swiftSettings: tests),
    .target(name: "AllocationCounter", path: "Tests/AllocationCounter"),
    .testTarget(
      name: "RankTests",
      dependencies: [
        "Doctor", "Runs", "LinearModels", "Engine", "Models", "Parallel", "Networks", "Optimizers", "Data",
        "MPI",
        "Files", "System", "Hashing", "Tensors", "AllocationCounter", "TestSupport",
      ],
      swiftSettings: tests),
    .testTarget(
      name: "CommandLineTests",
      dependencies: [
        "CNNMPI", "Engine", "Parallel", "Networks", "Kernels", "Files", "System", "Hashing", "TestSupport",
      ], swiftSettings: tests),
  ],
  cxxLanguageStandard: .cxx17
)
