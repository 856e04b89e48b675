/// The parts of a step, as they follow one another on the thread that leads a rank.
package enum StepPart: Int, CaseIterable, Sendable {
  /// Loading images.
  case data
  case forward
  /// Loss and backward pass.
  case backward
  /// What several micro-batches and threads cost: setting threads to work, adding up their gradients, waiting
  /// for them.
  case sum
  /// Starting the reductions over ranks and moving them on, during the backward pass.
  case reduce
  /// Waiting for the reductions once the backward pass is done.
  case wait
  /// Optimizer and running statistics.
  case update
}

/// Seconds spent in each part, over any number of steps.
package struct StepTimes: Codable, Sendable {
  private var seconds = SIMD8<Double>.zero
  /// Seconds in which reductions over ranks were under way behind other parts: not a part itself.
  package var hidden = 0.0

  package init() {}

  package subscript(_ part: StepPart) -> Double {
    get { seconds[part.rawValue] }
    set { seconds[part.rawValue] = newValue }
  }

  /// Seconds of all parts.
  package var total: Double { seconds.sum() }

  /// Seconds of arithmetic.
  package var compute: Double { self[.forward] + self[.backward] + self[.sum] + self[.update] }

  /// Seconds of communication that the backward pass does not hide.
  package var communication: Double { self[.reduce] + self[.wait] }

  package static func - (a: Self, b: Self) -> Self {
    Self(a.seconds - b.seconds, hidden: a.hidden - b.hidden)
  }
  package static func + (a: Self, b: Self) -> Self {
    Self(a.seconds + b.seconds, hidden: a.hidden + b.hidden)
  }

  private init(_ seconds: SIMD8<Double>, hidden: Double) {
    self.seconds = seconds
    self.hidden = hidden
  }
}
