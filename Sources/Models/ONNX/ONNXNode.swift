import Files

/// What an ONNX operation is told beside its inputs.
package enum ONNXAttribute: Sendable {
  case integer(Int)
  case integers([Int])
  case float(Float)
}

/// An operation of an ONNX graph with its inputs and its one output, which are values and tensors by name.
///
/// Its encoding is the message `NodeProto` of `onnx.proto`; the numbers are those of the fields there.
package struct ONNXNode: Sendable {
  package let operation: String
  package let name: String
  package var inputs: [String]
  package var output: String
  package let attributes: [(name: String, value: ONNXAttribute)]

  var message: ProtobufMessage {
    var message = ProtobufMessage()
    for input in inputs { message.add(1, input) }
    message.add(2, output)
    message.add(3, name)
    message.add(4, operation)
    for (name, value) in attributes { message.add(5, value.message(name: name)) }
    return message
  }
}

extension ONNXAttribute {
  /// `AttributeProto`, whose field 20 says which of the others has the value.
  fileprivate func message(name: String) -> ProtobufMessage {
    var message = ProtobufMessage()
    message.add(1, name)
    switch self {
    case .float(let number):
      message.add(2, number)
      message.add(20, 1 as Int64)
    case .integer(let number):
      message.add(3, Int64(number))
      message.add(20, 2 as Int64)
    case .integers(let numbers):
      for number in numbers { message.add(8, Int64(number)) }
      message.add(20, 7 as Int64)
    }
    return message
  }
}
