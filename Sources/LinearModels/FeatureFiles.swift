import Dispatch
import Files
import MPI
import Parallel
import Synchronization
import Tensors

/// A directory of features, a file for each image: `wheaten_terrier_12.jpg.json` has those of
/// `wheaten_terrier_12.jpg`, as an array of numbers.
package struct FeatureFiles: Sendable {
  package let directory: String
  /// File names of the images, in the order of the rows of a table.
  package let names: [String]

  private static let ending = ".json"

  /// - Parameter classes: those whose files are read; nil for all.
  /// - Throws: `FileError` when the directory cannot be listed, or has no such file.
  package init(_ directory: String, classes: Set<String>? = nil) throws(FileError) {
    self.directory = directory
    let found = try Files.names(inDirectory: Path(directory)).filter { !$0.isHidden }.map(\.text)
      .filter { $0.hasSuffix(Self.ending) }.map { String($0.dropLast(Self.ending.count)) }
    guard !found.isEmpty else {
      throw FileError(
        directory, expected: "files of features, such as wheaten_terrier_12.jpg.json", found: "none",
        hint: "`cnn-mpi features` makes them")
    }
    let all = Set(found.map(FeatureTable.className))
    if let missing = (classes ?? []).sorted().first(where: { !all.contains($0) }) {
      let shown = all.sorted().prefix(40).joined(separator: ", ")
      throw FileError(
        directory, expected: "files of the class \(missing), such as \(missing)_1.jpg.json",
        found: "none; there are \(shown)\(all.count > 40 ? ", ..." : "")")
    }
    names = FeatureTable.sorted(
      found.filter { classes?.contains(FeatureTable.className(ofImage: $0)) ?? true })
  }

  package func path(_ name: String) -> String { (Path(directory) / Path(name + Self.ending)).text }

  /// Reads all files, each rank and thread its share.
  ///
  /// - Parameter progress: called with the number of files that this rank has read, now and then, from any thread.
  /// - Returns: the features of the files that can be read, and what is wrong with the others, the same on all ranks.
  /// - Throws: `FileError` when no file can be read, or an `MPIError`.
  package func read(
    in world: World, threads: Int, progress: @Sendable @escaping (_ read: Int) -> Void = { _ in }
  ) throws -> (table: FeatureTable, errors: [String]) {
    let columns: Int = try world.agree { try self.columns() }
    let values = SharedBuffer<Float>(repeating: 0, count: names.count, unit: columns)
    let shares = (0..<world.size).map { shard(of: names.count, $0, of: world.size) }
    let own = shares[world.rank]
    let faults = Mutex<[(position: Int, error: String)]>([])
    let done = Atomic(0)
    DispatchQueue.concurrentPerform(iterations: threads) { thread in
      let parser = JSONNumbers()
      for row in shard(of: own, thread, of: threads) {
        let target = UnsafeMutableBufferPointer(
          rebasing: values.unsafeMemory[row * columns..<(row + 1) * columns])
        do throws(FileError) {
          try read(names[row], parser, into: target)
        } catch {
          faults.withLock { $0.append((row, error.description)) }
        }
        progress(done.add(1, ordering: .relaxed).newValue)
      }
    }
    if world.size > 1 {
      var span = values.mutableSpan
      try world.waiting {
        try world.communicator.allGather(rowsOf: &span, rowCount: columns, shares: shares)
      }
    }
    let errors = try world.gather(faults.withLock { $0 })
    return (table(values, columns, without: errors), errors.sorted { $0.key < $1.key }.map(\.value))
  }

  private func read(
    _ name: String, _ parser: borrowing JSONNumbers, into target: UnsafeMutableBufferPointer<Float>
  ) throws(FileError) {
    let count = try parser.read(path(name), into: target)
    guard count == target.count else {
      throw FileError(
        path(name), expected: "\(target.count) numbers, as most files have", found: "\(count)")
    }
  }

  /// The number of features of most of the first files.
  private func columns() throws(FileError) -> Int {
    let parser = JSONNumbers()
    var counts: [Int: Int] = [:]
    var first: FileError?
    for name in names {
      do throws(FileError) {
        let count = try parser.read(path(name), into: UnsafeMutableBufferPointer(start: nil, count: 0))
        counts[count, default: 0] += 1
      } catch {
        first = first ?? error
      }
      if counts.values.reduce(0, +) == 9 { break }
    }
    // Of equally many the smaller number, so that all ranks find the same.
    let most = counts.filter { $0.key > 0 }.max { ($0.value, -$0.key) < ($1.value, -$1.key) }
    guard let most else {
      throw first ?? FileError(directory, expected: "features in the files", found: "empty arrays")
    }
    return most.key
  }

  private func table(
    _ values: SharedBuffer<Float>, _ columns: Int, without errors: [Int: String]
  ) -> FeatureTable {
    guard !errors.isEmpty else { return FeatureTable(sortedNames: names, columns: columns, values: values) }
    let rows = names.indices.filter { errors[$0] == nil }
    let kept = SharedBuffer<Float>(repeating: 0, count: rows.count, unit: columns)
    for (place, row) in rows.enumerated() {
      (kept.unsafeMemory.baseAddress! + place * columns).update(
        from: values.unsafeMemory.baseAddress! + row * columns, count: columns)
    }
    return FeatureTable(sortedNames: rows.map { names[$0] }, columns: columns, values: kept)
  }
}
