/// Where each named tensor lies in the arenas of a model.
///
/// Parameters, gradients and optimizer state are contiguous buffers of this one layout, so that reduction,
/// optimizer and checkpoint each see one span:
///
///     | trainable tensors, in layer order | running statistics | step metrics | frozen tensors |
///
/// - Running statistics (batch normalisation) are not trained. Their places in the *gradient* arena carry the
///   batch statistics of the step, so that these are averaged over ranks by the same reduction as the
///   gradients.
/// - The step metrics exist in the gradient arena only and ride along in the same way.
/// - Frozen tensors, trainable ones and statistics that stay as they are, exist in the parameter arena only: nothing
///   that goes over gradients or the optimizer's state sees them.
///
/// Each tensor starts at a multiple of 16 elements (64 bytes); the gaps are zero.
package struct ParameterLayout: Sendable {
  package struct Tensor: Sendable, Equatable {
    package let name: String
    /// Sizes as stored, row-major: a filter is (KH, KW, C, K), a dense weight (in, out).
    package let shape: [Int]
    /// Place in the arena.
    package let range: Range<Int>
    package let kind: Kind
    /// The tensor stays as it is, and has no place in the gradient arena.
    package let isFrozen: Bool

    /// Says whether the optimizer changes the tensor.
    package var isTrained: Bool { kind == .trainable && !isFrozen }
  }

  package enum Kind: Sendable { case trainable, statistic }

  /// Which tensors an arena has numbers for.
  package enum Part: Sendable {
    /// Parameters and running statistics.
    case parameters
    /// One number for each parameter that is trained, as the optimizer's state.
    case trainable
  }

  package let tensors: [Tensor]
  package let trainable: Range<Int>
  package let statistics: Range<Int>
  package let metrics: Range<Int>
  package let frozen: Range<Int>

  /// Elements of the parameter arena.
  package var parameterCount: Int { frozen.isEmpty ? statistics.upperBound : frozen.upperBound }
  /// Elements of the gradient arena.
  package var gradientCount: Int { metrics.upperBound }
  /// Numbers of trainable tensors, frozen ones too, without the gaps.
  package var trainableNumbers: Int {
    tensors.reduce(0) { $0 + ($1.kind == .trainable ? $1.range.count : 0) }
  }
  /// Those of them that are frozen.
  package var frozenNumbers: Int {
    tensors.reduce(0) { $0 + ($1.kind == .trainable && $1.isFrozen ? $1.range.count : 0) }
  }

  /// The order of `tensors` is the one given, whatever their kinds.
  ///
  /// - Parameter isFrozen: says of each of them whether it stays as it is.
  package init(
    _ described: [(name: String, shape: [Int], kind: Kind)], isFrozen: (_ index: Int) -> Bool = { _ in false }
  ) {
    var places = [Range<Int>](repeating: 0..<0, count: described.count)
    var end = 0
    let frozenOnes = described.indices.map(isFrozen)
    func place(where isHere: (_ kind: Kind, _ isFrozen: Bool) -> Bool) -> Range<Int> {
      let start = end
      for (index, tensor) in described.enumerated() where isHere(tensor.kind, frozenOnes[index]) {
        let count = tensor.shape.reduce(1, *)
        places[index] = end..<end + count
        end = Self.aligned(end + count)
      }
      return start..<end
    }
    trainable = place { $0 == .trainable && !$1 }
    statistics = place { $0 == .statistic && !$1 }
    metrics = end..<Self.aligned(end + StepMetric.allCases.count)
    end = metrics.upperBound
    frozen = place { _, isFrozen in isFrozen }
    tensors = described.indices.map {
      Tensor(
        name: described[$0].name, shape: described[$0].shape, range: places[$0], kind: described[$0].kind,
        isFrozen: frozenOnes[$0])
    }
  }

  private static func aligned(_ count: Int) -> Int { (count + 15) / 16 * 16 }

  /// The place of `metric` in the gradient arena.
  package func place(of metric: StepMetric) -> Int { metrics.lowerBound + metric.rawValue }
}

/// What a training step counts besides its gradients.
package enum StepMetric: Int, CaseIterable, Sendable {
  /// Mean loss of the global batch, once summed over all micro-batches.
  case loss
  /// Number of samples classified right.
  case correct
}
