import Foundation
import TestSupport
import Testing

/// Damaged checkpoints: a run goes on from an older one and says so, or says what is wrong. It never crashes,
/// and never goes on with wrong numbers.
@Suite(.serialized) struct DamageTests {
  private static let options = [
    "--train-samples", "640", "--test-samples", "100", "--epochs", "1", "--threads", "1", "--save-every",
    "3steps", "--keep", "2",
  ]

  private enum Damage: CaseIterable {
    case truncation, bitFlip, empty, removal, replacement, exchange

    /// - Parameters:
    ///   - path: of a file of the newest checkpoint.
    ///   - older: the same file of the older one.
    func apply(to path: String, older: String) throws {
      var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
      switch self {
      case .truncation: bytes = bytes.prefix(Int.random(in: 0..<bytes.count))
      case .bitFlip: bytes[Int.random(in: 0..<bytes.count)] ^= 1 << UInt8.random(in: 0..<8)
      case .empty: bytes = Data()
      case .removal:
        try FileManager.default.removeItem(atPath: path)
        return
      case .replacement: bytes = Data((0..<Int.random(in: 0..<5000)).map { _ in UInt8.random(in: 0...255) })
      case .exchange: bytes = try Data(contentsOf: URL(fileURLWithPath: older))
      }
      try bytes.write(to: URL(fileURLWithPath: path))
    }
  }

  /// Damages one file of the newest checkpoint, then all of both.
  @Test func damagedCheckpointsAreNoticed() throws {
    try withTemporaryDirectory { directory in
      let whole = RunFiles(directory: "\(directory)/whole")
      let program = try Program.run(Self.options + ["--out", whole.directory])
      #expect(program.exitCode == 0, "\(program.errors)")
      let names = whole.checkpoints
      #expect(names.count == 4)
      for damage in Damage.allCases {
        for (file, older) in [(names[2], names[0]), (names[3], names[1])] {
          for _ in 0..<(damage == .bitFlip ? 6 : 2) {
            let copy = RunFiles(directory: "\(directory)/copy")
            try FileManager.default.copyItem(atPath: whole.directory, toPath: copy.directory)
            let places = "\(copy.directory)/checkpoints/"
            let before = try Data(contentsOf: URL(fileURLWithPath: places + file))
            try damage.apply(to: places + file, older: places + older)
            let isChanged = (try? Data(contentsOf: URL(fileURLWithPath: places + file))) != before
            let resumed = try Program.run(Self.options + ["--resume", "auto", "--out", copy.directory])
            let what = "\(damage) of \(file): \(resumed.output)\(resumed.errors)"
            #expect(resumed.exitCode == 0, "\(what)")
            #expect(try copy.hash() == whole.hash(), "\(what)")
            let saidSo = resumed.output.contains("warning: passed over a damaged checkpoint: ")
            // Without its manifest a checkpoint is not there; a flipped bit in what the manifest tells people
            // does not matter.
            let isManifest = file.hasSuffix(".json")
            let mustSaySo = isChanged && !(isManifest && (damage == .removal || damage == .bitFlip))
            #expect(saidSo || !mustSaySo, "\(what)")
            try FileManager.default.removeItem(atPath: copy.directory)
          }
        }
      }
    }
  }

  @Test func damageToAllIsAnError() throws {
    try withTemporaryDirectory { directory in
      let files = RunFiles(directory: directory)
      _ = try Program.run(Self.options + ["--out", directory])
      let names = files.checkpoints
      for name in names.filter({ $0.hasSuffix(".safetensors") }) {
        try Damage.truncation.apply(to: "\(directory)/checkpoints/\(name)", older: "")
      }
      for resume in ["auto", directory, "\(directory)/checkpoints/\(names[2])"] {
        let program = try Program.run(Self.options + ["--resume", resume, "--out", directory], ranks: 2)
        #expect(program.exitCode == 1 && program.errorLines.count == 1, "\(program.errors)")
        #expect(program.errors.contains("bytes, as its manifest says, found "), "\(program.errors)")
      }
      #expect(files.checkpoints == names)
    }
  }
}
