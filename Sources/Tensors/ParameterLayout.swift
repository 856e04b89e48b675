/// Where each named tensor lies in the arenas of a model.
///
/// Parameters, gradients and optimizer state are contiguous buffers of this one layout, so that reduction,
/// optimizer and checkpoint each see one span:
///
///     | trainable tensors, in layer order | running statistics | step metrics |
///
/// - Running statistics (batch normalisation) are not trained. Their places in the *gradient* arena carry the
///   batch statistics of the step, so that these are averaged over ranks by the same reduction as the
///   gradients.
/// - The step metrics exist in the gradient arena only and ride along in the same way.
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
  }

  package enum Kind: Sendable { case trainable, statistic }

  /// Which tensors an arena has numbers for.
  package enum Part: Sendable {
    /// Parameters and running statistics.
    case parameters
    /// One number for each trainable parameter, as the optimizer's state.
    case trainable
  }

  package let tensors: [Tensor]
  package let trainable: Range<Int>
  package let statistics: Range<Int>
  package let metrics: Range<Int>

  /// Elements of the parameter arena.
  package var parameterCount: Int { statistics.upperBound }
  /// Elements of the gradient arena.
  package var gradientCount: Int { metrics.upperBound }
  /// Numbers that are trained, without the gaps.
  package var trainableNumbers: Int {
    tensors.reduce(0) { $0 + ($1.range.upperBound <= trainable.upperBound ? $1.range.count : 0) }
  }

  /// The order of `tensors` is the one given, whatever their kinds.
  package init(_ described: [(name: String, shape: [Int], kind: Kind)]) {
    var places = [Range<Int>](repeating: 0..<0, count: described.count)
    var end = 0
    func place(_ kind: Kind) -> Range<Int> {
      let start = end
      for (index, tensor) in described.enumerated() where tensor.kind == kind {
        let count = tensor.shape.reduce(1, *)
        places[index] = end..<end + count
        end = Self.aligned(end + count)
      }
      return start..<end
    }
    trainable = place(.trainable)
    statistics = place(.statistic)
    metrics = end..<Self.aligned(end + StepMetric.allCases.count)
    tensors = zip(described, places).map {
      Tensor(name: $0.name, shape: $0.shape, range: $1, kind: $0.kind)
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
