import Foundation
import Testing

/// What `cnn-mpi doctor --json` printed.
struct DoctorReport {
  typealias Object = [String: Any]
  private let values: Object

  init(_ program: Program, sourceLocation: SourceLocation = #_sourceLocation) throws {
    let value = try JSONSerialization.jsonObject(with: Data(program.output.utf8)) as? Object
    values = try #require(value, "\(program.errors)", sourceLocation: sourceLocation)
  }

  subscript(name: String) -> Any? { values[name] }

  func check(_ name: String) -> Object {
    (values["checks"] as? [String: Object])?[name] ?? [:]
  }

  /// What a check found on each rank.
  func rows(_ name: String) -> [Object] {
    check(name)["ranks"] as? [Object] ?? []
  }

  /// The errors or warnings of a check.
  func problems(_ name: String, _ severity: String) -> [String] {
    let problems = check(name)["problems"] as? [[String: String]] ?? []
    return problems.filter { $0["severity"] == severity }.compactMap { $0["text"] }
  }
}
