import Files

/// Takes all numbers of an array in every form that they have, as many as its shape tells.
func use(_ array: NumPyArray) {
  let count = array.shape.reduce(1, &*)
  if let integers = array.integers, integers.count != count {
    fatalError("\(integers.count) of \(array.shape)")
  }
  guard array.type == .uint8 else { return }
  var bytes: [UInt8] = []
  array.append(to: &bytes)
  if bytes.count != count { fatalError("\(bytes.count) bytes of \(array.shape)") }
}
