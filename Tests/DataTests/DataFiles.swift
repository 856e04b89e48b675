import Data
import Files
import Foundation
import Tensors
import TestSupport
import Testing

/// Calls `body` with a directory that has these files, and removes it afterwards.
func withFiles(_ files: [String: [UInt8]], _ body: (String) throws -> Void) throws {
  try withTemporaryDirectory { directory in
    for (name, bytes) in files {
      let path = "\(directory)/\(name)"
      try FileManager.default.createDirectory(
        atPath: (path as NSString).deletingLastPathComponent, withIntermediateDirectories: true)
      try writeAtomically(bytes, to: path)
    }
    try body(directory)
  }
}

/// Calls `body` with a directory that has files of these texts, and removes it afterwards.
func withTexts(_ files: [String: String], _ body: (String) throws -> Void) throws {
  try withFiles(files.mapValues { Array($0.utf8) }, body)
}

/// One part of the data at a path.
func loadData(
  _ path: String, _ part: DataPart = .train, _ options: DataOptions = DataOptions()
) throws -> (any Dataset)? {
  try DataSource(path: path, options).load(part, as: ImageInput(shape: Shape(2, 2, 1)))
}

/// Image files by the ends of their paths, with their labels.
func encoded(_ path: String, _ part: DataPart = .train) throws -> (names: [String], labels: [Int32])? {
  guard let images = try loadData(path, part) as? EncodedImages else { return nil }
  let names = images.sources.map { source in
    source.name.hasPrefix("\(path)/") ? String(source.name.dropFirst(path.utf8.count + 1)) : source.name
  }
  return (names, images.labels)
}

/// Reading a part fails with a message that has this text in it.
func expectDataError(
  _ path: String, _ part: DataPart, _ expected: String, _ options: DataOptions = DataOptions(),
  sourceLocation: SourceLocation = #_sourceLocation
) {
  let error = #expect(throws: DataError.self, sourceLocation: sourceLocation) {
    _ = try loadData(path, part, options)
  }
  #expect(
    error?.description.contains(expected) == true, "\(error?.description ?? "")",
    sourceLocation: sourceLocation)
}

/// Reading the training images fails with a message that has this text in it.
func expectDataError(
  _ path: String, _ expected: String, _ options: DataOptions = DataOptions(),
  sourceLocation: SourceLocation = #_sourceLocation
) {
  expectDataError(path, .train, expected, options, sourceLocation: sourceLocation)
}
