import Data
import Files
import Parallel
import Reporting
import Runs
import Synchronization
import System
import Tensors

/// `cnn-mpi data`: what is in a data set, what is wrong with it, and packs of it.
enum DataCommand {
  static let subcommand = Subcommand(
    name: "data", summary: "checks, counts and packs images", help: help,
    parse: { arguments throws(UsageError) in
      let found = arguments.first.map { "\"\($0)\"" } ?? "nothing"
      throw UsageError(description: "data: expected one of check, stats, pack, found \(found)")
    }, members: [check, stats, pack])

  private static let help = Help(
    usage: [
      "cnn-mpi data check PATH [options]", "cnn-mpi data stats PATH [options]",
      "cnn-mpi data pack PATH OUT [options]",
    ],
    description: """
      Reads all images of a data set, to find what is wrong before a training run does (check), to count them (stats), or
      to pack them into few large files (pack). PATH is what train takes as --data.
      """)

  fileprivate struct Configuration: DataConfiguration {
    var dataOptions = DataOptions()
    var paths: [String] = []
    var threads: Int?
    var size: Int?
    var encoding = Pack.Encoding.raw
    var gray = false
  }

  fileprivate typealias O = Option<Configuration>

  private static let reading = OptionTable<Configuration>(
    groups: [("Data", dataOptions(caching: false) + [threads])], operands: \Configuration.paths)

  private static let packing = OptionTable<Configuration>(
    groups: [
      (
        "Pack",
        [
          O("--format", \.encoding, .choice, "pixels of one size, or the JPEG files as they are"),
          O(
            "--size", \.size, .count(upTo: 1 << 14), "raw: height and width, the middle of the resized photo"),
          O("--gray", \.gray, given: true, "raw: one channel in place of three"),
        ]
      ),
      ("Data", dataOptions(caching: false) + [threads]),
    ], operands: \Configuration.paths)

  private static var threads: O {
    O("--threads", \.threads, .count(upTo: 1024), "threads that read [the cores]")
  }

  private static let check = Subcommand(
    name: "data check", summary: "reads all images and lists what is wrong",
    help: Help(
      usage: ["cnn-mpi data check PATH [options]"],
      description: """
        Reads every image of every part, and lists those that cannot be read, classes without images, images of one
        color, images that are there more than once or in both parts; of a pack it compares the hashes. Ends with exit
        code 1 where more images than --max-bad cannot be read.
        """,
      options: reading.listed(defaults: Configuration()), operand: "PATH"),
    parse: { arguments throws(UsageError) in
      let configuration = try parsed(arguments, reading, "data check", operands: ["PATH"])
      return .inWorld { world in
        let parts = try parts(configuration, world)
        let report = try world.agree { world.isRoot ? try checked(parts, configuration, world) : nil }
        try world.print(report?.text ?? "")
        try world.agree { if let error = report?.error { throw error } }
      }
    })

  private static let stats = Subcommand(
    name: "data stats", summary: "counts images by class, with sizes, mean and deviation",
    help: Help(
      usage: ["cnn-mpi data stats PATH [options]"],
      description: """
        Reads every image of every part and prints how many there are of each class, their sizes, and the mean and the
        standard deviation of their pixels by channel, in 0...1, as --normalization takes them.
        """,
      options: reading.listed(defaults: Configuration()), operand: "PATH"),
    parse: { arguments throws(UsageError) in
      let configuration = try parsed(arguments, reading, "data stats", operands: ["PATH"])
      return .inWorld { world in
        let parts = try parts(configuration, world)
        let surveys = world.isRoot ? surveys(parts, configuration, world) : []
        try world.print(surveys.map(\.statistics).joined(separator: "\n"))
      }
    })

  private static let pack = Subcommand(
    name: "data pack", summary: "packs images into few large files",
    help: Help(
      usage: ["cnn-mpi data pack PATH OUT [options]"],
      description: """
        Writes a data set into the new directory OUT as few large files, which a parallel file system serves better than
        many small ones: as pixels of one size (raw), which are read without decoding, or as the JPEG files themselves
        (jpeg). Images that cannot be read are left out, up to --max-bad. OUT is what train takes as --data.
        """,
      options: packing.listed(defaults: Configuration()), operand: "PATH OUT"),
    parse: { arguments throws(UsageError) in
      let configuration = try parsed(arguments, packing, "data pack", operands: ["PATH", "OUT"])
      return .inWorld { world in
        let parts = try parts(configuration, world)
        let text = try world.agree { world.isRoot ? try packed(parts, configuration) : "" }
        try world.print(text)
      }
    })

  private static func parsed(
    _ arguments: [String], _ options: OptionTable<Configuration>, _ name: String, operands: [String]
  ) throws(UsageError) -> Configuration {
    var configuration = Configuration()
    try options.parse(arguments, into: &configuration)
    guard configuration.paths.count == operands.count else {
      throw UsageError(
        description:
          "\(name): expected \(operands.joined(separator: " and ")), found \(counted(configuration.paths.count, "operand"))"
      )
    }
    return configuration
  }

  // MARK: - What they do

  private typealias Parts = [(part: DataPart, images: any Dataset)]

  /// What rank 0 works on; the others have nothing. Called by all ranks.
  private static func parts(_ configuration: Configuration, _ world: World) throws -> Parts {
    try world.limitFileWaits(to: configuration.dataOptions.timeout)
    let path = configuration.paths[0]
    let source = try world.agree {
      world.isRoot ? try DataSource(path: path, configuration.dataOptions) : nil
    }
    let side = configuration.size ?? 224
    let input = ImageInput(shape: Shape(side, side, configuration.gray ? 1 : 3))
    return try [DataPart.train, .test].compactMap { part in
      try world.requireMemory(bytes: world.agree { try source?.memory(part) ?? 0 }, toRead: part, of: path)
      return try world.agree { try source?.load(part, as: input).map { (part, $0) } }
    }
  }

  private static func surveys(
    _ parts: Parts, _ configuration: Configuration, _ world: World
  ) -> [DataSurvey] {
    let threads = configuration.threads ?? world.threadsPerRank
    return parts.map { part, images in
      let progress = ReadingProgress("\(part.rawValue) images read", of: images.count)
      defer { progress.end() }
      return DataSurvey(images, part, threads: threads, progress: progress.report)
    }
  }

  private static func checked(
    _ parts: Parts, _ configuration: Configuration, _ world: World
  ) throws -> (text: String, error: DataError?) {
    let surveys = surveys(parts, configuration, world)
    let directory = Path(configuration.paths[0])
    var lines = surveys.flatMap(\.errors)
    if isDirectory(directory.text), let pack = try Pack(directory, names(inDirectory: directory)) {
      lines += pack.damages { _ in }
    }
    let damages = lines.count
    let train = surveys.first { $0.part == .train }
    lines += surveys.flatMap { survey in survey.warnings(beside: survey.part == .test ? train : nil) }
    let all = surveys.map { "\(grouped($0.count + $0.errors.count)) to \($0.part.rawValue)" }
    let verdict =
      lines.isEmpty
      ? "nothing is wrong" : "\(counted(damages, "error")), \(counted(lines.count - damages, "warning"))"
    let text = (lines + ["\(directory): \(all.joined(separator: ", ")) read: \(verdict)"]).joined(
      separator: "\n")
    for survey in surveys {
      let all = survey.count + survey.errors.count
      if Double(survey.errors.count) > configuration.dataOptions.mostBad * Double(all) {
        return (
          text + "\n",
          .tooManyBadImages(
            survey.errors.count, of: all, most: configuration.dataOptions.mostBad, first: survey.errors[0])
        )
      }
    }
    let broken = damages - surveys.reduce(0) { $0 + $1.errors.count }
    return (
      text + "\n",
      broken > 0
        ? DataError(directory.text, expected: "files as they were packed", found: counted(broken, "other"))
        : nil
    )
  }

  private static func packed(_ parts: Parts, _ configuration: Configuration) throws -> String {
    if configuration.encoding == .jpeg, parts.contains(where: { !($0.images is EncodedImages) }) {
      throw DataError(configuration.paths[0], expected: "image files for --format jpeg", found: "pixels")
    }
    if configuration.size == nil, configuration.encoding == .raw,
      parts.contains(where: { $0.images is EncodedImages })
    {
      throw DataError(
        configuration.paths[0], expected: "--size for pixels of photos", found: "none",
        hint: "--format jpeg keeps the files as they are")
    }
    var writer = try PackWriter(configuration.paths[1], configuration.encoding)
    for (part, images) in parts {
      let progress = ReadingProgress("\(part.rawValue) images packed", of: images.count)
      defer { progress.end() }
      var bad: [String] = []
      try writer.write(part, of: images) { sample in
        if sample % 64 == 0 { progress.report(sample) }
        do {
          return try bytes(of: sample, images, configuration.encoding)
        } catch let error as DataError {
          bad.append("\(error)")
          return nil
        }
      }
      guard Double(bad.count) <= configuration.dataOptions.mostBad * Double(images.count) else {
        throw DataError.tooManyBadImages(
          bad.count, of: images.count, most: configuration.dataOptions.mostBad, first: bad[0])
      }
      for error in bad { printNote("left out: \(error)") }
    }
    let index = try writer.finish()
    let rows = index.parts.sorted { $0.key > $1.key }.map { name, part in
      "\(Path(configuration.paths[1])): \(grouped(part.samples)) images to \(name), "
        + "\(grouped(part.files.values.reduce(0) { $0 + $1.bytes })) bytes"
    }
    return rows.joined(separator: "\n") + "\n"
  }

  private static func bytes(
    of sample: Int, _ images: any Dataset, _ encoding: Pack.Encoding
  ) throws -> [UInt8] {
    if encoding == .jpeg, let encoded = images as? EncodedImages {
      let bytes = try encoded.bytes(sample)
      _ = try ImageFile.decode(bytes, path: encoded.sources[sample].name)
      return bytes
    }
    var pixels = [UInt8](repeating: 0, count: images.shape.count)
    var span = pixels.mutableSpan
    try images.read(sample, into: &span)
    return pixels
  }
}

/// Says how far a long reading has got: every second in the last line of a terminal, else every ten seconds on
/// standard error.
private final class ReadingProgress: Sendable {
  private let what: String
  private let count: Int
  private let start = ContinuousClock.now
  private let state: Mutex<State>

  private struct State {
    let console = Console()
    var last: ContinuousClock.Instant
  }

  init(_ what: String, of count: Int) {
    (self.what, self.count) = (what, count)
    let start = start
    state = Mutex(State(last: start))
  }

  @Sendable func report(_ done: Int) {
    let now = ContinuousClock.now
    state.withLock { state in
      let isTerminal = state.console.isTerminal
      guard done > 0, now - state.last >= (isTerminal ? .seconds(1) : .seconds(10)) else { return }
      state.last = now
      let left = clock((now - start).seconds * Double(count - done) / Double(done))
      let text = "\(grouped(done)) of \(grouped(count)) \(what), \(left) left"
      if isTerminal { state.console.status { _ in StyledText(text, .plain) } } else { printNote(text) }
    }
  }

  func end() { state.withLock { $0.console.status { _ in StyledText("", .plain) } } }
}
