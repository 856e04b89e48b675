import Foundation
import TestSupport
import Testing

/// The README and the manual say what is so.
@Suite struct DocumentationTests {
  private static let catalogue = "\(packageRoot)/Sources/CNNMPI/CNNMPI.docc"

  /// The README, and all articles of the manual.
  private static func files() throws -> [String] {
    let articles = try FileManager.default.contentsOfDirectory(atPath: catalogue).filter {
      $0.hasSuffix(".md")
    }
    try #require(articles.count > 10)
    return ["\(packageRoot)/README.md"] + articles.sorted().map { "\(catalogue)/\($0)" }
  }

  private static func text(_ path: String) throws -> String {
    try String(contentsOfFile: path, encoding: .utf8)
  }

  /// With CNN_MPI_RECORD_HELP in the environment, the article is written anew.
  @Test func theArticleOnOptionsShowsEveryHelp() throws {
    let path = "\(Self.catalogue)/Options.md"
    let article = try Self.text(path)
    let start = article.range(of: "\n### cnn-mpi\n")?.lowerBound ?? article.endIndex
    let shown = article[start...]
    // The help of train is that of the program without the list of commands.
    let commands = try ListedCommand.all().filter { $0.words != ["train"] }
    let helps = commands.map { "\n### \($0)\n\n```\n\($0.help)```\n" }.joined()
    if ProcessInfo.processInfo.environment["CNN_MPI_RECORD_HELP"] != nil {
      try (article[..<start] + helps).write(toFile: path, atomically: true, encoding: .utf8)
    } else {
      #expect(
        shown == helps, "Options.md has other texts than --help; CNN_MPI_RECORD_HELP=1 swift test writes them"
      )
    }
  }

  /// Links to files lead to files, from where they stand; those of the manual stay in it.
  @Test func linksLeadSomewhere() throws {
    var count = 0
    for file in try Self.files() {
      let directory = URL(fileURLWithPath: file).deletingLastPathComponent().path
      for link in try Self.text(file).matches(of: /\]\(([^)\s]*)\)/).map(\.output.1)
      where !link.hasPrefix("http") {
        count += 1
        #expect(FileManager.default.fileExists(atPath: "\(directory)/\(link)"), "\(file): \(link)")
        #expect(directory == packageRoot || !link.contains("/"), "\(file): \(link)")
      }
    }
    #expect(count > 40)
  }

  @Test func theManualListsAllArticles() throws {
    let contents = try Self.text("\(Self.catalogue)/CNNMPI.md")
    let readme = try Self.text("\(packageRoot)/README.md")
    for file in try Self.files().dropFirst().map({ URL(fileURLWithPath: $0).lastPathComponent }) {
      #expect(file == "CNNMPI.md" || contents.contains("](\(file))"), "CNNMPI.md: no link to \(file)")
      #expect(readme.contains("/\(file))"), "README.md: no link to \(file)")
    }
  }

  /// Each folder of Sources has its place in the README's table, and no other module has.
  @Test func theREADMEListsAllModules() throws {
    let readme = try Self.text("\(packageRoot)/README.md")
    let table = try #require(readme.components(separatedBy: "\n## Modules\n").dropFirst().first)
    let rows = table.components(separatedBy: "\n## ")[0].split(separator: "\n").filter { $0.hasPrefix("| `") }
    let listed = rows.flatMap { row in
      row.split(separator: "|")[0].matches(of: /`([A-Z]\w+)`/).map { String($0.output.1) }
    }
    #expect(
      listed.sorted()
        == (try FileManager.default.contentsOfDirectory(atPath: "\(packageRoot)/Sources")).sorted())
  }

  /// Files of the source that the texts name are there.
  @Test func filesThatAreNamedAreThere() throws {
    for file in try Self.files() {
      for path in try Self.text(file).matches(of: /\b(jobs|hostfiles|Tests|Sources)\/[\w.\/-]*\w/).map({
        String($0.output.0)
      }) {
        #expect(FileManager.default.fileExists(atPath: "\(packageRoot)/\(path)"), "\(file): \(path)")
      }
    }
    let batch = try Self.text("\(Self.catalogue)/OneBatch.md")
    let paths = batch.matches(of: /`([A-Z]\w+\/\w[\w.\/]*)`/).map { String($0.output.1) }
    #expect(paths.count > 20)
    for path in paths {
      #expect(
        FileManager.default.fileExists(atPath: "\(packageRoot)/Sources/\(path)"), "OneBatch.md: \(path)")
    }
  }
}
