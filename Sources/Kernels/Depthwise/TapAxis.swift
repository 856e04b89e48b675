/// How the outputs along one axis of an image are summed up: output o, which lies at `first` + o * `spacing`,
/// is the sum over its taps t of
///
///     filter[firstElement + t * elementStep] * input[o * stride + origin + t * step]
///
/// as far as these inputs are there. A convolution has one such axis each for its rows and columns. The
/// gradient of its input has `stride` of them, as every stride-th input meets the same elements of the filter.
struct TapAxis {
  let outputs: Int
  let first: Int
  let spacing: Int
  let inputs: Int
  let stride: Int
  let origin: Int
  let step: Int
  let taps: Int
  let firstElement: Int
  let elementStep: Int

  /// The axis of a convolution, or, with a `remainder`, of the gradients of inputs `remainder`, `remainder` +
  /// stride, ... from those of the outputs.
  ///
  /// Input i meets output o in filter element k where i = o * stride - before + k * dilation.
  init(
    inputs: Int, outputs: Int, size: Int, stride: Int, before: Int, dilation: Int, remainder: Int?
  ) {
    guard let remainder else {
      (self.inputs, self.outputs, self.stride) = (inputs, outputs, stride)
      (first, spacing, origin, step) = (0, 1, -before, dilation)
      (taps, firstElement, elementStep) = (size, 0, 1)
      return
    }
    // From the last element to the first, so that the outputs of successive taps go up.
    let elements = (0..<size).reversed().filter { (remainder + before - $0 * dilation) % stride == 0 }
    firstElement = elements.first ?? 0
    elementStep = elements.count > 1 ? elements[1] - elements[0] : -1
    (self.inputs, self.outputs, self.stride) = (outputs, (inputs - remainder + stride - 1) / stride, 1)
    (first, spacing, taps) = (remainder, stride, elements.count)
    origin = (remainder + before - firstElement * dilation) / stride
    step = -elementStep * dilation / stride
  }

  /// Those of an output's first five taps that find an input, bit by bit. Not a loop, which would become vector
  /// code where the registers hold something better.
  @inline(__always)
  func inside(_ output: Int) -> UInt64 {
    let place = output &* stride &+ origin
    @inline(__always) func bit(_ tap: Int) -> UInt64 {
      let place = UInt(bitPattern: place &+ tap &* step)
      return tap < taps && place < UInt(bitPattern: inputs) ? 1 &<< UInt64(truncatingIfNeeded: tap) : 0
    }
    return bit(0) | bit(1) | bit(2) | bit(3) | bit(4)
  }

  /// The outputs that lie in `places`.
  func outputs(in places: Range<Int>) -> Range<Int> {
    let lower = (places.lowerBound - first + spacing - 1) / spacing
    return lower..<max((places.upperBound - first + spacing - 1) / spacing, lower)
  }

  /// The outputs all of whose taps find an input.
  var interior: Range<Int> {
    let whole = (0..<outputs).filter {
      let place = $0 * stride + origin
      return place >= 0 && place + max(taps - 1, 0) * step < inputs
    }
    return whole.isEmpty ? 0..<0 : whole.first!..<whole.last! + 1
  }
}
