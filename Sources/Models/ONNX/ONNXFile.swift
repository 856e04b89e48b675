import Files
import Tensors

/// An ONNX file: a graph with the tensors that it uses, and texts about it.
///
/// It is the message `ModelProto` of `onnx.proto`, whose fields' numbers stand here. The tensors come last, so
/// that their numbers are written from where they are.
package struct ONNXFile: Sendable {
  package let name: String
  package let graph: ONNXGraph
  package let classes: Int
  package let version: String
  /// Texts by name, as `metadata_props`.
  package let metadata: [String: String]

  /// The version of the file format: that of ONNX 1.12, of 2022.
  private static let formatVersion: Int64 = 8
  /// The version of the operations: that of the same ONNX.
  private static let operationsVersion: Int64 = 17
  /// More bytes than readers of protocol buffers take.
  package static let byteLimit = 1 << 31

  package init(
    name: String, graph: ONNXGraph, classes: Int, version: String, metadata: [String: String] = [:]
  ) {
    self.name = name
    self.graph = graph
    self.classes = classes
    self.version = version
    self.metadata = metadata
  }

  /// Writes the file, tensor by tensor.
  ///
  /// - Parameter limit: more bytes than the file may have.
  /// - Returns: the number of bytes.
  /// - Throws: `ModelError` where the file would be too long, `OutputError` where it cannot be written.
  @discardableResult
  package func write(to path: String, limit: Int = ONNXFile.byteLimit) throws -> Int {
    let starts = graph.tensors.map(start)
    let start = start(tensorBytes: zip(starts, graph.tensors).reduce(0) { $0 + $1.0.count + byteCount($1.1) })
    let total = zip(starts, graph.tensors).reduce(start.count) { $0 + $1.0.count + byteCount($1.1) }
    guard total < limit else { throw ONNXSizeError(path: path, name: name, byteCount: total, limit: limit) }
    var file = try AtomicFile(path: path)
    try file.append(start.span.bytes)
    for (start, tensor) in zip(starts, graph.tensors) {
      try file.append(start.span.bytes)
      switch tensor.values {
      case .floats(let numbers): try file.append(numbers.span.bytes)
      case .integers(let numbers): try file.append(numbers.span.bytes)
      }
    }
    try file.commit()
    return total
  }
}

extension ONNXFile {
  /// Everything before the tensors. The graph is the last field, and the tensors are its last fields.
  private func start(tensorBytes: Int) -> [UInt8] {
    var model = ProtobufMessage()
    model.add(1, Self.formatVersion)
    model.add(2, "cnn-mpi")
    model.add(3, version)
    var operations = ProtobufMessage()
    operations.add(1, "")
    operations.add(2, Self.operationsVersion)
    model.add(8, operations)
    for (key, value) in metadata.sorted(by: { $0.key < $1.key }) {
      var text = ProtobufMessage()
      text.add(1, key)
      text.add(2, value)
      model.add(14, text)
    }
    let graph = graphStart
    model.addStart(of: 7, byteCount: graph.count + tensorBytes)
    return model.bytes + graph
  }

  /// `GraphProto` up to the tensors.
  private var graphStart: [UInt8] {
    var message = ProtobufMessage()
    for node in graph.nodes { message.add(1, node.message) }
    message.add(2, name)
    let image = graph.input.shape
    message.add(11, value(ONNXGraph.inputName, [image.channels, image.height, image.width]))
    message.add(12, value(ONNXGraph.outputName, [classes]))
    return message.bytes
  }

  /// `ValueInfoProto` of 32-bit floats for each of N images.
  private func value(_ name: String, _ sizes: [Int]) -> ProtobufMessage {
    var shape = ProtobufMessage()
    var any = ProtobufMessage()
    any.add(2, "N")
    shape.add(1, any)
    for size in sizes {
      var dimension = ProtobufMessage()
      dimension.add(1, Int64(size))
      shape.add(1, dimension)
    }
    var tensor = ProtobufMessage()
    tensor.add(1, 1 as Int64)  // FLOAT
    tensor.add(2, shape)
    var type = ProtobufMessage()
    type.add(1, tensor)
    var value = ProtobufMessage()
    value.add(1, name)
    value.add(2, type)
    return value
  }

  /// `TensorProto` as a field of the graph, up to the numbers.
  private func start(of tensor: NamedTensor) -> [UInt8] {
    var message = ProtobufMessage()
    for size in tensor.shape { message.add(1, Int64(size)) }
    switch tensor.values {
    case .floats: message.add(2, 1 as Int64)  // FLOAT
    case .integers: message.add(2, 7 as Int64)  // INT64
    }
    message.add(8, tensor.name)
    message.addStart(of: 9, byteCount: byteCount(tensor))
    var field = ProtobufMessage()
    field.addStart(of: 5, byteCount: message.bytes.count + byteCount(tensor))
    return field.bytes + message.bytes
  }

  private func byteCount(_ tensor: NamedTensor) -> Int {
    switch tensor.values {
    case .floats(let numbers): 4 * numbers.count
    case .integers(let numbers): 8 * numbers.count
    }
  }
}

/// A model is too large for one ONNX file.
package struct ONNXSizeError: Error, CustomStringConvertible {
  package let description: String

  init(path: String, name: String, byteCount: Int, limit: Int) {
    description =
      "\(Path(path)): expected a model of less than \(limit) bytes, as an ONNX file holds, found \(name) with "
      + "\(byteCount)"
  }
}
