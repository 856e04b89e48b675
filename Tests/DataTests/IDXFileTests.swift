import CZlib
import Data
import Foundation
import TestSupport
import Testing

@Suite struct IDXFileTests {
  static let header: [UInt8] = [0, 0, 8, 3, 0, 0, 0, 2, 0, 0, 0, 3, 0, 0, 0, 1]
  static let body: [UInt8] = [1, 2, 3, 4, 5, 6]

  private func read(_ bytes: [UInt8], gzip: Bool, truncatedTo length: Int? = nil) throws -> IDXFile {
    try withTemporaryDirectory { directory in
      let path = "\(directory)/file"
      if gzip {
        let file = gzopen(path, "wb")
        gzwrite(file, bytes, UInt32(bytes.count))
        gzclose(file)
      } else {
        try Foundation.Data(bytes).write(to: URL(fileURLWithPath: path))
      }
      if let length { truncate(path, length) }
      return try IDXFile(path: path, ranks: 3...3)
    }
  }

  @Test(arguments: [false, true])
  func readsDimensionsAndBytes(gzip: Bool) throws {
    let file = try read(Self.header + Self.body, gzip: gzip)
    #expect(file.dimensions == [2, 3, 1])
    #expect(file.bytes == Self.body)
  }

  @Test(
    arguments: [
      ([], "expected an IDX file of bytes in 3 dimensions (magic 00000803), found an empty file"),
      ([0, 0, 8, 1, 0, 0, 0, 6], "(magic 00000803), found magic 00000801"),
      ([0, 0, 8, 3, 0, 0], "expected 3 dimensions in the header, found the end of the file"),
      (header + [1, 2, 3, 4, 5], "expected 2 x 3 x 1 bytes, as its header says, found 5"),
      (header + body + [7], "expected 2 x 3 x 1 bytes, as its header says, found more"),
      (
        [0, 0, 8, 3] + [UInt8](repeating: 255, count: 12) + body,
        "expected 4294967295 x 4294967295 x 4294967295 bytes, as its header says, found 6"
      ),
      ([0, 0, 8, 3, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0] + body, "expected 65536 x 65536 x 256 bytes"),
    ] as [([UInt8], String)])
  func saysWhatIsWrong(_ bytes: [UInt8], _ expected: String) {
    let error = #expect(throws: DataError.self) { try read(bytes, gzip: false) }
    #expect(error?.description.contains(expected) == true, "\(error?.description ?? "")")
  }

  /// A header of 1 TiB in a compressed file of some bytes must not be believed.
  @Test func hugeHeaderInGzipIsRefused() {
    let huge: [UInt8] = [0, 0, 8, 3, 0, 1, 0, 0, 0, 1, 0, 0, 0, 0, 1, 0]
    let error = #expect(throws: DataError.self) { try read(huge + Self.body, gzip: true) }
    #expect(error?.description.contains("found a compressed file of") == true, "\(error?.description ?? "")")
  }

  @Test func truncatedGzipIsSaid() {
    var random = SystemRandomNumberGenerator()
    let body = (0..<60_000).map { _ in UInt8.random(in: 0...255, using: &random) }
    let header: [UInt8] = [0, 0, 8, 3, 0, 0, 0, 60, 0, 0, 0, 100, 0, 0, 0, 10]
    let error = #expect(throws: DataError.self) { try read(header + body, gzip: true, truncatedTo: 30_000) }
    #expect(error?.description.contains("expected complete gzip data") == true, "\(error?.description ?? "")")
    #expect(error?.description.contains("truncated or damaged") == true)
  }

  @Test func damagedGzipIsSaid() throws {
    try withTemporaryDirectory { directory in
      let path = "\(directory)/file"
      let file = gzopen(path, "wb")
      gzwrite(file, Self.header + Self.body, UInt32(Self.header.count + Self.body.count))
      gzclose(file)
      var bytes = try [UInt8](Foundation.Data(contentsOf: URL(fileURLWithPath: path)))
      bytes[bytes.count - 6] ^= 1  // The checksum.
      try Foundation.Data(bytes).write(to: URL(fileURLWithPath: path))
      let error = #expect(throws: DataError.self) { try IDXFile(path: path, ranks: 3...3) }
      #expect(
        error?.description.contains("expected complete gzip data") == true, "\(error?.description ?? "")")
    }
  }

  /// What is no IDX file at all is named, inside gzip data, too.
  @Test func otherKindsAreNamed() throws {
    let page = Array("<!DOCTYPE html><title>404</title>".utf8)
    let inner = Array(try gzipped(Self.header + Self.body))
    for (bytes, gzip, expected) in [
      (page, false, "found an HTML page; the download went wrong: fetch the file itself"),
      (inner, true, "found gzip data, gzipped; unpack it first"),
      (Array("PK\u{3}\u{4}".utf8), true, "found a zip archive, gzipped; unpack it first"),
      ([0x89] + Array("HDF\r\n\u{1A}\n".utf8), false, "found an HDF5 file"),
    ] {
      let error = #expect(throws: DataError.self) { try read(bytes, gzip: gzip) }
      #expect(
        error?.description.hasSuffix("(magic 00000803), \(expected)") == true, "\(error?.description ?? "")")
    }
  }

  private func gzipped(_ bytes: [UInt8]) throws -> Foundation.Data {
    try withTemporaryDirectory { directory in
      let file = gzopen("\(directory)/file", "wb")
      gzwrite(file, bytes, UInt32(bytes.count))
      gzclose(file)
      return try Foundation.Data(contentsOf: URL(fileURLWithPath: "\(directory)/file"))
    }
  }

  @Test func missingFilesAndDirectories() throws {
    try withMissingPath { path in
      let error = #expect(throws: DataError.self) { try IDXFile(path: path, ranks: 1...1) }
      #expect(
        error?.description == "\(path): expected a readable file, found \"No such file or directory\"")
    }
    try withTemporaryDirectory { path in
      let error = #expect(throws: DataError.self) { try IDXFile(path: path, ranks: 1...1) }
      #expect(error?.description == "\(path): expected a readable file, found \"Is a directory\"")
    }
  }
}
