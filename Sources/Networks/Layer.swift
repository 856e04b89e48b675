import Kernels
import Tensors

/// A layer as a model describes it: its parameters, and what follows from them for a given input.
///
/// A new layer is one file in `Layers/` and one line in `layerTypes`.
package protocol Layer: Codable, Sendable {
  /// The layer's name in model files.
  static var type: String { get }
  /// The start of the names that layers without a name get, such as `conv` for `conv1`.
  static var shortName: String { get }

  /// The shape of the output for an input of shape `input`.
  ///
  /// - Throws: when the layer cannot take such an input; the text completes "layer conv1: ".
  func outputShape(for input: Shape) throws(LayerError) -> Shape

  /// The layer with what its parameters leave to the input written out, for an input that it can take. A
  /// network consists of such layers, and then some of their inputs are cut to what is read.
  func resolved(for input: Shape) -> Self

  /// The tensors that the layer owns.
  func parameters(for input: Shape) -> [ParameterDescription]

  /// Says whether a ReLU that follows can be part of this layer's operation.
  var fusesReLU: Bool { get }

  /// Says whether a 2 x 2 max-pooling of stride 2 that follows the layer, or its ReLU, can be part of this
  /// layer's operation.
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

  func operation(at site: LayerSite) -> any Operation

  /// Bytes that its operation holds besides input, output and parameters.
  ///
  /// - Parameter forwardOnly: there is no backward pass.
  func memory(at site: LayerSite, forwardOnly: Bool) -> Double
}

extension Layer {
  package func resolved(for input: Shape) -> Self { self }
  package func memory(at site: LayerSite, forwardOnly: Bool) -> Double { 0 }
  package func multiplyAdds(input: Shape, output: Shape) -> Int { 0 }
  package func parameters(for input: Shape) -> [ParameterDescription] { [] }
  package var fusesReLU: Bool { false }
  package var fusesMaxPool: Bool { false }
  package func inputRead(for output: Shape) -> (height: Int, width: Int)? { nil }
  package var canTrimOutput: Bool { false }
}

/// All layers that a model can be made of.
let layerTypes: [any Layer.Type] = [
  Conv2D.self, Dense.self, MaxPool2D.self, AveragePool2D.self, ReLU.self, BatchNorm.self, Dropout.self,
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
  package let input: Shape
  /// The output's shape of the whole operation, with what it takes over of the layers behind.
  package let output: Shape
  /// The places of the layer's tensors in the arenas, in the order of `Layer.parameters`.
  package let parameters: [Range<Int>]
  /// The largest number of samples in a pass.
  package let maximumBatch: Int
  /// True where a ReLU follows that the operation takes over.
  package let relu: Bool
  /// True where a 2 x 2 max-pooling follows that the operation takes over.
  package let maxPool: Bool
  /// The algorithms that convolutions may use.
  package let convolution: ConvolutionMethod
  /// False where the inputs are the images.
  package let needsInputGradient: Bool
  /// The number of the layer in its model, to tell random streams apart.
  package let index: Int
}
