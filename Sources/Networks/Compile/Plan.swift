import Kernels
import Tensors

/// A network compiled for micro-batches of up to a given size: fused operations and all the memory that their
/// passes need. One thread uses a plan at a time, in this order:
///
///     pass and inputs  ->  forward  ->  loss  ->  backward, operation by operation from the last
package final class Plan {
  package let network: Network
  package let maximumBatch: Int
  /// What the next passes are about.
  package var pass: Pass
  let layers: [PlannedLayer]
  let operations: [any Operation]
  /// Value 0 are the images, value i + 1 is what operation i gives; the last are the logits.
  private let memory: PassMemory
  private let targets: SharedBuffer<ClassTarget>
  private let labelSmoothing: Float

  /// - Parameters:
  ///   - labelSmoothing: of the loss that the backward pass starts from; `evaluateLoss` is without.
  ///   - forwardOnly: for inference, without the memory of backward passes.
  package init(
    _ network: Network, maximumBatch: Int, seed: UInt64, convolution: ConvolutionMethod = .auto,
    labelSmoothing: Float = 0, forwardOnly: Bool = false
  ) {
    self.labelSmoothing = labelSmoothing
    self.network = network
    self.maximumBatch = maximumBatch
    pass = Pass(
      mode: .training, count: 0, globalBatch: 1, seed: seed, step: 0,
      samples: SharedBuffer(repeating: 0, count: maximumBatch))
    layers = plannedLayers(of: network, maximumBatch: maximumBatch, convolution: convolution)
    operations = layers.map { $0.layer.operation(at: $0.site) }
    memory = PassMemory(
      of: layers, input: network.input.count, maximumBatch: maximumBatch, forwardOnly: forwardOnly)
    targets = SharedBuffer(repeating: ClassTarget(0), count: maximumBatch)
  }

  /// Number of operations, which `backward` is called for from the last to the first.
  package var operationCount: Int { operations.count }

  /// Lets `fill` write the pass's inputs: images (N, H, W, C), targets (N), and the samples' numbers (N).
  package func withInputs<Failure>(
    _ fill: (
      _ images: inout MutableSpan<Float>, _ targets: inout MutableSpan<ClassTarget>,
      _ samples: inout MutableSpan<UInt32>
    ) throws(Failure) -> Void
  ) throws(Failure) {
    let (memory, targetMemory, sampleMemory) = (memory, targets, pass.samples)
    var images = memory.mutableActivation(0, pass.count)
    var targets = targetMemory.mutableSpan(first: pass.count)
    var samples = sampleMemory.mutableSpan(first: pass.count)
    try fill(&images, &targets, &samples)
  }

  /// Lets `read` see the logits, (N, classes), of the last forward pass.
  package func withLogits<Result>(_ read: (Span<Float>) -> Result) -> Result {
    let memory = memory
    return read(memory.activation(operations.count, pass.count))
  }

  /// Computes the logits of the images.
  package func forward(parameters: Span<Float>) {
    for index in operations.indices { forward(index, parameters: parameters) }
  }

  /// The forward pass of operation `index`.
  package func forward(_ index: Int, parameters: Span<Float>) {
    let memory = memory
    var y = memory.mutableActivation(index + 1, pass.count)
    operations[index].forward(memory.inputs(index, pass.count), parameters: parameters, pass: pass, into: &y)
  }

  /// The loss, summed over the samples, and the number of samples classified right.
  package func evaluateLoss() -> (loss: Double, correct: Int) {
    var none = MutableSpan<Float>()
    return crossEntropy(scale: 1, smoothing: 0, dLogits: &none)
  }

  /// Starts the backward pass: computes the loss, its gradient with respect to the logits, and writes the
  /// step metrics and statistics of this micro-batch to `gradients`.
  ///
  /// All are parts of means over the global batch: summed over its micro-batches they are the means.
  ///
  /// - Returns: this micro-batch's part of the mean loss, and the number of its samples classified right.
  @discardableResult
  package func loss(into gradients: inout MutableSpan<Float>) -> (loss: Double, correct: Int) {
    let memory = memory
    var dLogits = memory.gradient(operations.count, pass.count)
    let (loss, correct) = crossEntropy(
      scale: 1 / Float(pass.globalBatch), smoothing: labelSmoothing, dLogits: &dLogits)
    let part = loss / Double(pass.globalBatch)
    gradients[network.layout.place(of: .loss)] = Float(part)
    gradients[network.layout.place(of: .correct)] = Float(correct)
    for operation in operations { operation.recordStatistics(pass: pass, gradients: &gradients) }
    return (part, correct)
  }

  /// The backward pass of operation `index`; nothing for one that has no tensor that is trained, itself or before it.
  ///
  /// - Parameter gradients: the gradients of the operation's tensors are overwritten.
  /// - Returns: the place in the gradient arena from which on everything is complete.
  package func backward(
    _ index: Int, parameters: Span<Float>, gradients: inout MutableSpan<Float>
  ) -> Int {
    guard layers[index].goesBack else { return layers[index].gradientStart }
    let memory = memory
    var dY = memory.gradient(index + 1, pass.count)
    operations[index].backward(
      memory.inputs(index, pass.count), y: memory.activation(index + 1, pass.count), dY: &dY,
      parameters: parameters, pass: pass, gradients: &gradients, dX: memory.inputGradients(index, pass.count))
    memory.sumGradients(index, pass.count)
    return layers[index].gradientStart
  }

  private func crossEntropy(
    scale: Float, smoothing: Float, dLogits: inout MutableSpan<Float>
  ) -> (loss: Double, correct: Int) {
    let (memory, targets) = (memory, targets)
    return softmaxCrossEntropy(
      logits: memory.activation(operations.count, pass.count), targets: targets.span(first: pass.count),
      classes: network.classes, scale: scale, smoothing: smoothing,
      dLogits: &dLogits)
  }
}
