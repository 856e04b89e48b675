import Dispatch
import Synchronization
import System
import Tensors

/// Micro-batches that are loaded ahead of the threads that compute, by threads of their own, into a bounded ring of
/// buffers.
///
/// A micro-batch that no loading thread has begun with when it is wanted is loaded by the thread that wants it: nobody
/// waits for what could be done at once, and what a micro-batch holds does not depend on who loads it.
package final class PrefetchRing: Sendable {
  private let core: Core

  /// Starts the threads, which end with the sequence or the ring.
  ///
  /// - Parameters:
  ///   - sequence: positions of the micro-batches, in the order in which they will be wanted.
  ///   - slots: most micro-batches that are ready or being loaded.
  /// - Throws: where there can be no further thread.
  package init(
    _ loader: BatchLoader, _ sequence: [Range<Int>], threads: Int, slots: Int
  ) throws(SystemError) {
    core = Core(loader, sequence, slots: slots)
    for index in 0..<threads {
      let core = core
      try NamedThread.start("loader \(index)") { core.run() }
    }
    core.release(slots)
  }

  deinit { core.end() }

  /// What `slots` buffers take, in bytes.
  package static func memory(slots: Int, microBatch: Int, shape: Shape) -> Double {
    Double(slots) * Double(microBatch) * Double(4 * shape.count)
  }

  /// Loads the samples at `positions`, one of the sequence's micro-batches, see `BatchLoader.load`.
  ///
  /// - Throws: `DataError` when a file cannot be read that could be before.
  package func load(
    _ positions: Range<Int>, images: inout MutableSpan<Float>, targets: inout MutableSpan<ClassTarget>,
    samples: inout MutableSpan<UInt32>
  ) throws(DataError) {
    guard let slot = core.begin(positions) else {
      try core.loader.load(positions, images: &images, targets: &targets, samples: &samples)
      return
    }
    defer { core.finish(slot) }
    let ready = core.slots[slot]
    if let error = ready.error { throw error }
    let (readyImages, readyTargets, readySamples) = (ready.images, ready.targets, ready.samples)
    images.copy(from: readyImages.span(first: positions.count))
    targets.copy(from: readyTargets.span(first: positions.count))
    samples.copy(from: readySamples.span(first: positions.count))
  }

  /// What the threads share.
  private final class Core: Sendable {
    let loader: BatchLoader
    let slots: [Slot]
    private let sequence: [Range<Int>]
    private let numbers: [Int: Int]
    private let state: Mutex<State>
    /// Counts free slots.
    private let free = DispatchSemaphore(value: 0)

    private struct State {
      /// The first of the sequence that no loading thread has looked at.
      var next = 0
      var places: [Place]
      var freeSlots: [Int]
      var isEnded = false
    }

    private enum Place: Equatable {
      case untouched
      /// A thread that computes loads it itself.
      case taken
      case slot(Int)
    }

    init(_ loader: BatchLoader, _ sequence: [Range<Int>], slots: Int) {
      (self.loader, self.sequence) = (loader, sequence)
      numbers = Dictionary(uniqueKeysWithValues: sequence.enumerated().map { ($1.lowerBound, $0) })
      let most = sequence.map(\.count).max() ?? 0
      self.slots = (0..<slots).map { _ in Slot(samples: most, shape: loader.shape) }
      state = Mutex(
        State(
          places: [Place](repeating: .untouched, count: sequence.count), freeSlots: Array(0..<slots)))
    }

    /// What a loading thread does.
    func run() {
      while let (number, slot) = claim() {
        slots[slot].load(sequence[number], from: loader)
      }
      // The next thread sees the end, too.
      free.signal()
    }

    private func claim() -> (number: Int, slot: Int)? {
      free.wait()
      return state.withLock { state in
        while state.next < sequence.count, state.places[state.next] == .taken { state.next += 1 }
        guard !state.isEnded, state.next < sequence.count, let slot = state.freeSlots.popLast() else {
          return nil
        }
        state.places[state.next] = .slot(slot)
        defer { state.next += 1 }
        return (state.next, slot)
      }
    }

    /// Waits for a micro-batch that a loading thread has begun with.
    ///
    /// - Returns: the slot that it is in; nil where none has.
    func begin(_ positions: Range<Int>) -> Int? {
      guard let number = numbers[positions.lowerBound], sequence[number] == positions else { return nil }
      let place = state.withLock { state in
        if state.places[number] == .untouched { state.places[number] = .taken }
        return state.places[number]
      }
      guard case .slot(let slot) = place else { return nil }
      slots[slot].isReady.wait()
      return slot
    }

    func finish(_ slot: Int) {
      state.withLock { $0.freeSlots.append(slot) }
      free.signal()
    }

    func release(_ count: Int) { for _ in 0..<count { free.signal() } }

    func end() {
      state.withLock { $0.isEnded = true }
      free.signal()
    }
  }

  /// Room for a micro-batch: one thread uses it at a time.
  private final class Slot: @unchecked Sendable {
    let images: SharedBuffer<Float>
    let targets: SharedBuffer<ClassTarget>
    let samples: SharedBuffer<UInt32>
    private(set) var error: DataError?
    let isReady = DispatchSemaphore(value: 0)

    init(samples count: Int, shape: Shape) {
      images = SharedBuffer(repeating: 0, count: count, unit: shape.count)
      targets = SharedBuffer(repeating: ClassTarget(0), count: count)
      samples = SharedBuffer(repeating: 0, count: count)
    }

    func load(_ positions: Range<Int>, from loader: BatchLoader) {
      let (imageBuffer, targetBuffer, sampleBuffer) = (images, targets, samples)
      var images = imageBuffer.mutableSpan(first: positions.count)
      var targets = targetBuffer.mutableSpan(first: positions.count)
      var samples = sampleBuffer.mutableSpan(first: positions.count)
      do throws(DataError) {
        try loader.load(positions, images: &images, targets: &targets, samples: &samples)
        error = nil
      } catch {
        self.error = error
      }
      isReady.signal()
    }
  }
}
