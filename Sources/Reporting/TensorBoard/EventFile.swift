import Files
import Foundation

/// An event file for TensorBoard, `events.out.tfevents.<time>.<host>.<process>`: a TFRecord file of `Event`s.
///
/// A record is its length (8 bytes), the masked CRC-32C of these, the data, and the masked CRC-32C of it, all
/// little-endian. Records wait in memory until `flush`.
final class EventFile {
  static let namePrefix = "events.out.tfevents."

  private let file: AppendedFile
  private var pending: [UInt8] = []
  private var lastFlush = ContinuousClock.now

  private static let flushInterval = Duration.seconds(2)

  /// Makes a new file. TensorBoard reads the files of a directory in the order of their names, so this one's
  /// time is later than any other's there.
  ///
  /// - Parameter step: the last one that a run which goes on has kept; nil for a new run.
  init(in directory: RunDirectory, resumedAt step: Int?) throws(OutputError) {
    let latest = Self.names(in: directory).compactMap { Int($0.split(separator: ".")[3]) }.max() ?? 0
    let time = max(Int(Date().timeIntervalSince1970), latest + 1)
    let name = "\(Self.namePrefix)\(time).\(ProcessInfo.processInfo.hostName).\(getpid())"
    file = try AppendedFile(directory.file(name))
    pending.reserveCapacity(1 << 14)
    add(.fileVersion)
    if let step { add(.restart(step: step + 1)) }
    try flush()
  }

  /// The event files in a directory.
  static func names(in directory: RunDirectory) -> [String] {
    let all = (try? FileManager.default.contentsOfDirectory(atPath: directory.path)) ?? []
    return all.filter { $0.hasPrefix(namePrefix) && $0.split(separator: ".").count > 4 }
  }

  func add(_ event: TensorBoardEvent) {
    pending += Self.record(event.message(time: Date().timeIntervalSince1970).bytes)
  }

  /// Writes what waits, unless that was done a moment ago.
  func flushNowAndThen() throws(OutputError) {
    if ContinuousClock.now - lastFlush >= Self.flushInterval { try flush() }
  }

  func flush() throws(OutputError) {
    defer {
      pending.removeAll(keepingCapacity: true)
      lastFlush = .now
    }
    try file.append(pending)
  }

  /// Data with what TFRecord puts around it.
  static func record(_ data: [UInt8]) -> [UInt8] {
    var record: [UInt8] = []
    record.reserveCapacity(data.count + 16)
    record.append(littleEndian: UInt64(data.count))
    record.append(littleEndian: CRC32C.masked(record))
    record += data
    record.append(littleEndian: CRC32C.masked(data))
    return record
  }
}
