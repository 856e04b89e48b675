import Dispatch
import Parallel
import System

/// The threads of a rank, one a worker. The calling thread is the first; the others live as long as the pool
/// and sleep while there is nothing to do.
final class WorkerPool {
  /// What the threads are to do.
  enum Work: Sendable {
    case gradients(MicroBatches)
    case inference(InferenceShare)
    case end
  }

  let workers: [Worker]
  private let threads: [WorkerThread]

  /// The worker of the calling thread.
  var leader: Worker { workers[0] }
  var clock: StepClock { leader.clock }

  /// Starts the threads.
  ///
  /// - Parameter pulse: beats as the calling thread gets further.
  /// - Throws: where there can be no further thread.
  init(_ workers: [Worker], _ pulse: Pulse) throws(SystemError) {
    self.workers = workers
    workers[0].clock.pulse = pulse
    var threads: [WorkerThread] = []
    for worker in workers.dropFirst() { threads.append(try WorkerThread(worker)) }
    self.threads = threads
  }

  deinit { start(.end) }

  /// Sets the other threads to work. The caller does the leader's part itself.
  func start(_ work: Work) {
    for thread in threads { thread.start(work) }
  }

  /// Returns when the other threads are done with what `start` gave them.
  ///
  /// - Throws: what the first of them threw that failed.
  func wait() throws {
    let failures = threads.compactMap { $0.wait() }
    if let first = failures.first { throw first }
  }
}

/// A thread that does the parts of one worker.
private final class WorkerThread: @unchecked Sendable {
  private let worker: Worker
  /// Written before `begin` is signalled, read after.
  private var work = WorkerPool.Work.end
  /// What ended the last work; written before `done` is signalled, read after.
  private var failure: (any Error)?
  private let begin = DispatchSemaphore(value: 0)
  private let done = DispatchSemaphore(value: 0)

  init(_ worker: Worker) throws(SystemError) {
    self.worker = worker
    try NamedThread.start("worker \(worker.index)") { self.run() }
  }

  func start(_ work: WorkerPool.Work) {
    self.work = work
    begin.signal()
  }

  /// - Returns: what the work threw.
  func wait() -> (any Error)? {
    done.wait()
    return failure
  }

  private func run() {
    while true {
      begin.wait()
      failure = nil
      do {
        switch work {
        case .gradients(let microBatches): try worker.gradients(of: microBatches) {}
        case .inference(let share): try worker.infer(share)
        case .end: return
        }
      } catch {
        failure = error
        // Nobody waits for gradients that do not come.
        worker.completeFrom.store(0, ordering: .releasing)
      }
      done.signal()
    }
  }
}
