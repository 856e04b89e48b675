import Kernels
import Tensors

/// A layer as a model describes it: its parameters, and what follows from them for given inputs.
///
/// A new layer is one file in `Layers/`, one line in `layerTypes` and one extension in `Models/ONNX`. One of a single
/// input is a `UnaryLayer`.
package protocol Layer: Codable, Sendable {
  /// The layer's name in model files.
  static var type: String { get }
  /// The start of the names that layers without a name get, such as `conv` for `conv1`.
  static var shortName: String { get }

  /// The shape of the output for inputs of these shapes.
  ///
  /// - Throws: when the layer cannot take such inputs; the text completes "layer conv1: ".
  func outputShape(for inputs: [Shape]) throws(LayerError) -> Shape

  /// The layer with what its parameters leave to the input written out, for inputs that it can take. A
  /// network consists of such layers, and then some of their inputs are cut to what is read.
  func resolved(for inputs: [Shape]) -> Self

  /// The tensors that the layer owns.
  func parameters(for inputs: [Shape]) -> [ParameterDescription]

  /// The activation that the layer is; nil for other layers.
  var activation: Activation? { get }

  /// Says whether an activation that follows can be part of this layer's operation.
  var fusesActivation: Bool { get }

  /// Says whether a 2 x 2 max-pooling of stride 2 that follows the layer, or its activation, can be part of
  /// this layer's operation.
  var fusesMaxPool: Bool { get }

  /// The rows and columns of the input that an output of shape `output` depends on; nil where it is all of
  /// them.
  func inputRead(for output: Shape) -> (height: Int, width: Int)?

  /// Says whether the output may leave out last rows and columns that nobody reads.
  var canTrimOutput: Bool { get }

  /// The multiply-adds of one sample's forward pass by the direct algorithm, from the definition of the layer:
  /// what it costs whatever algorithm computes it, so that rates of different ones compare. Only convolutions
  /// and dense layers count, as usual; what is of the order of the activations is left out.
  func multiplyAdds(input: Shape, output: Shape) -> Int

  /// Says whether the layer cuts off what is below 0, wholly or nearly: weights before it start larger.
  var rectifies: Bool { get }

  /// Says whether weights before the layer start as what follows it wants them, as its outputs have about the
  /// scale of its inputs, or one of their own.
  var keepsScale: Bool { get }

  /// The same layer with a bias, so that a batch normalisation behind it can be folded into it; nil for layers
  /// that are no products with weights, whose last axis is the output's channels.
  var withBias: (any Layer)? { get }

  /// What the operation's backward pass reads of its forward pass; memory of other values may be used again.
  func backwardReads(at site: LayerSite) -> BackwardReads

  func operation(at site: LayerSite) -> any Operation

  /// Bytes that its operation holds besides input, output and parameters.
  ///
  /// - Parameter forwardOnly: there is no backward pass.
  func memory(at site: LayerSite, forwardOnly: Bool) -> Double
}

extension Layer {
  package func resolved(for inputs: [Shape]) -> Self { self }
  package func memory(at site: LayerSite, forwardOnly: Bool) -> Double { 0 }
  package func multiplyAdds(input: Shape, output: Shape) -> Int { 0 }
  package func parameters(for inputs: [Shape]) -> [ParameterDescription] { [] }
  package func backwardReads(at site: LayerSite) -> BackwardReads { [] }
  package var withBias: (any Layer)? { nil }
  package var rectifies: Bool { false }
  package var keepsScale: Bool { false }
  package var activation: Activation? { nil }
  package var fusesActivation: Bool { false }
  package var fusesMaxPool: Bool { false }
  package func inputRead(for output: Shape) -> (height: Int, width: Int)? { nil }
  package var canTrimOutput: Bool { false }
}

/// A layer of one input.
package protocol UnaryLayer: Layer {
  /// The shape of the output for an input of shape `input`.
  ///
  /// - Throws: when the layer cannot take such an input; the text completes "layer conv1: ".
  func outputShape(for input: Shape) throws(LayerError) -> Shape

  /// The tensors that the layer owns.
  func parameters(for input: Shape) -> [ParameterDescription]
}

extension UnaryLayer {
  package func outputShape(for inputs: [Shape]) throws(LayerError) -> Shape {
    guard inputs.count == 1 else { throw LayerError("expected one input, found \(inputs.count)") }
    return try outputShape(for: inputs[0])
  }

  package func parameters(for inputs: [Shape]) -> [ParameterDescription] { parameters(for: inputs[0]) }
  package func parameters(for input: Shape) -> [ParameterDescription] { [] }
}

/// The values of a forward pass that a backward pass reads.
package struct BackwardReads: OptionSet, Sendable {
  package let rawValue: Int
  package init(rawValue: Int) { self.rawValue = rawValue }

  package static let inputs = BackwardReads(rawValue: 1)
  package static let output = BackwardReads(rawValue: 2)
}

/// All layers that a model can be made of.
package let layerTypes: [any Layer.Type] = [
  Conv2D.self, Dense.self,
  MaxPool2D.self, AveragePool2D.self, GlobalAveragePool2D.self, AdaptiveAveragePool2D.self,
  ReLU.self, ReLU6.self, LeakyReLU.self, SiLU.self, Sigmoid.self,
  BatchNorm.self, Dropout.self, Flatten.self,
  Add.self, Concatenation.self, Multiplication.self, PadChannels.self,
]

/// One tensor of a layer.
package struct ParameterDescription: Sendable {
  /// The tensor's name within the layer, as PyTorch calls it: `weight`, `bias`, `running_mean`.
  package let name: String
  /// The sizes as stored, row-major.
  package let shape: [Int]
  package let kind: ParameterLayout.Kind
  package let initializer: Initializer
  package let pyTorch: PyTorchForm

  /// - Parameter pyTorch: nil for the shape and order stored here.
  init(
    _ name: String, _ shape: [Int], _ initializer: Initializer, kind: ParameterLayout.Kind = .trainable,
    pyTorch: PyTorchForm? = nil
  ) {
    self.name = name
    self.shape = shape
    self.initializer = initializer
    self.kind = kind
    self.pyTorch = pyTorch ?? PyTorchForm(shape)
  }
}

/// The reason why a layer cannot be.
package struct LayerError: Error, CustomStringConvertible {
  package let description: String

  init(_ description: String) { self.description = description }
}

/// The place of a layer's operation in a plan, and what it depends on there.
package struct LayerSite {
  package let inputs: [Shape]
  /// The output's shape of the whole operation, with what it takes over of the layers behind.
  package let output: Shape
  /// The places of the layer's tensors in the arenas, in the order of `Layer.parameters`.
  package let parameters: [Range<Int>]
  /// The largest number of samples in a pass.
  package let maximumBatch: Int
  /// What follows that the operation takes over; the identity where nothing does.
  package let activation: Activation
  /// True where a 2 x 2 max-pooling follows that the operation takes over.
  package let maxPool: Bool
  /// The algorithms that convolutions may use.
  package let convolution: ConvolutionMethod
  /// All that the layer reads are the images, whose gradient nobody needs.
  package let readsImages: Bool
  /// The layer's tensors stay as they are, running statistics too.
  package let isFrozen: Bool
  /// The number of the layer in its model, to tell random streams apart.
  package let index: Int

  /// The places of the gradients of the layer's tensors, in the order of `parameters`; empty where it is frozen.
  package var gradients: [Range<Int>] { isFrozen ? parameters.map { _ in 0..<0 } : parameters }

  /// The shape of the first input.
  package var input: Shape { inputs[0] }
}
