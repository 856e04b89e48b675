import Foundation
import TestSupport
import Testing

/// The modules as `Package.swift` declares them, against what their files import.
@Suite struct StructureTests {
  private struct Target {
    let name: String
    let dependencies: Set<String>
    let path: String
  }

  /// The package's own description of its targets.
  private static func targets() throws -> [Target] {
    let text = try String(contentsOfFile: "\(packageRoot)/Package.swift", encoding: .utf8)
    let pattern = /\.(target|testTarget|executableTarget|systemLibrary)\(\s*name: "(\w+)"/
    let matches = text.matches(of: pattern)
    return matches.enumerated().map { index, match in
      let end = index + 1 < matches.count ? matches[index + 1].range.lowerBound : text.endIndex
      let rest = text[match.range.upperBound..<end]
      let list = rest.firstMatch(of: /dependencies: \[([^\]]*)\]/).map { String($0.1) } ?? ""
      let name = String(match.2)
      let folder = match.1 == "testTarget" || rest.contains("path: \"Tests/") ? "Tests" : "Sources"
      return Target(
        name: name, dependencies: Set(list.matches(of: /"(\w+)"/).map { String($0.1) }),
        path: "\(packageRoot)/\(folder)/\(name)")
    }
  }

  /// The modules that the Swift files of a folder import, by file.
  private static func imports(in folder: String) throws -> [(file: String, modules: Set<String>)] {
    let files = FileManager.default.enumerator(atPath: folder)?.compactMap { $0 as? String } ?? []
    return try files.filter { $0.hasSuffix(".swift") }.map { file in
      let text = try String(contentsOfFile: "\(folder)/\(file)", encoding: .utf8)
      let found = text.matches(of: /(?m)^(?:@testable )?import (\w+)$/).map { String($0.1) }
      return ("\(folder)/\(file)", Set(found))
    }
  }

  @Test func whatIsImportedIsDeclaredAndTheOtherWayRound() throws {
    let targets = try Self.targets()
    let names = Set(targets.map(\.name))
    #expect(targets.count > 30)
    for target in targets {
      let files = try Self.imports(in: target.path)
      guard !files.isEmpty else { continue }
      let imported = files.reduce(into: Set<String>()) { $0.formUnion($1.modules) }.intersection(names)
      #expect(imported == target.dependencies, "\(target.name)")
    }
  }

  /// A module imports only modules that stand before it: nothing goes up, nothing in circles.
  @Test func importsOnlyGoDown() throws {
    let targets = try Self.targets()
    for (index, target) in targets.enumerated() {
      let below = Set(targets[..<index].map(\.name))
      #expect(target.dependencies.isSubset(of: below), "\(target.name)")
    }
  }

  /// MPI stays out of what computes, reads and learns.
  @Test func onlySomeModulesKnowMPI() throws {
    for target in try Self.targets() {
      guard
        ["Tensors", "Files", "System", "Kernels", "Data", "Networks", "Optimizers", "Models", "Reporting"]
          .contains(target.name)
      else { continue }
      #expect(target.dependencies.isDisjoint(with: ["MPI", "CMPI", "Parallel"]), "\(target.name)")
    }
  }

  /// What is printed goes through `StandardOutput` and `printError`, which see to what cannot be written.
  @Test func onePlaceWritesToEachStandardStream() throws {
    for (file, _) in try Self.imports(in: "\(packageRoot)/Sources")
    where !["System/StandardOutput.swift", "System/StandardError.swift"].contains(where: file.hasSuffix) {
      let text = try String(contentsOfFile: file, encoding: .utf8)
      #expect(!text.contains(/(?m)^\s*print\(|write\(STD(OUT|ERR)_FILENO|FileHandle\.standard/), "\(file)")
    }
  }

  @Test func filesAreShort() throws {
    for (file, _) in try Self.imports(in: "\(packageRoot)/Sources") {
      let lines =
        try String(contentsOfFile: file, encoding: .utf8).split(
          separator: "\n", omittingEmptySubsequences: false
        ).count - 1
      #expect(lines <= 300, "\(file): \(lines) lines")
    }
  }
}
