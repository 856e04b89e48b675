import Tensors

/// The gradients: three passes over each band of rows while it is in the cache, back through the tail, for the
/// weights, and for the inputs.
extension DepthwiseConvolution {
  func backward(
    _ x: Span<Float>, y: Span<Float>, winners: Span<Int32>, dY: inout MutableSpan<Float>, count: Int,
    weight: Span<Float>, dWeight: inout MutableSpan<Float>, dBias: inout MutableSpan<Float>,
    dX: inout MutableSpan<Float>
  ) {
    check(x.count, weight.count, count)
    precondition(
      dWeight.isEmpty || dWeight.count == weight.count,
      "\(dWeight.count) gradients for \(weight.count) weights")
    let needsWeightGradient = !dWeight.isEmpty
    precondition(dX.isEmpty || dX.count == x.count, "\(dX.count) gradients for \(x.count) inputs")
    let sums = self.sums ?? SharedBuffer(repeating: 0, count: blocks * sumsPerBlock)
    self.sums = sums
    sums.unsafeMemory.update(repeating: 0)
    dBias.update(repeating: 0)
    for image in 0..<count {
      forEachBand { outputs, inputs in
        let (width, place) = (geometry.output.width * channels, image * geometry.output.count)
        let elements = place + outputs.lowerBound * width..<place + outputs.upperBound * width
        var part = dY[slice: elements]
        addBiasBackward(
          y: y.extracting(elements), activation: tail.activation, dY: &part, dBias: &dBias, width: channels)
        if needsWeightGradient {
          addWeightGradients(
            x.address + image * geometry.input.count, UnsafePointer(dY.address + place), outputs)
        }
        guard !dX.isEmpty else { return }
        let images = TapSums.Images(
          source: UnsafePointer(dY.address + place), weight: weight.address,
          filterWidth: geometry.window.size.width, bias: nil, bounds: ActivationBounds(.identity),
          target: dX.address + image * geometry.input.count, targetWidth: geometry.input.width)
        for gradient in inputGradients { gradient.write(gradient.rows.outputs(in: inputs), images) }
      }
    }
    if needsWeightGradient { unpack(into: &dWeight) }
  }

  /// Calls `body` for each band of output rows with the input rows whose gradients are complete then: those
  /// that no output row behind the band reads.
  @inline(__always)
  private func forEachBand(_ body: (_ outputs: Range<Int>, _ inputs: Range<Int>) -> Void) {
    let (height, rows) = (geometry.output.height, geometry.input.height)
    var done = 0
    for first in stride(from: 0, to: height, by: bandRows) {
      let end = min(first + bandRows, height)
      let next = end * geometry.window.stride.height - geometry.window.padding.before.height
      let complete = end == height ? rows : min(max(next, done), rows)
      body(first..<end, done..<complete)
      done = complete
    }
  }

  // MARK: Gradients of the weights

  /// Adds dY times x of some rows of outputs to `sums`.
  private func addWeightGradients(
    _ x: UnsafePointer<Float>, _ dY: UnsafePointer<Float>, _ rows: Range<Int>
  ) {
    switch max(outputs.rows.taps, outputs.columns.taps) {
    case _ where channels < 16: addAny(x, dY, rows)
    case 0...3: for block in 0..<blocks { add(x, dY, rows, block: block, Frame3.self) }
    case 4...5: for block in 0..<blocks { add(x, dY, rows, block: block, Frame5.self) }
    default: addAny(x, dY, rows)
    }
  }

  @inline(never)
  private func add<Size: FrameSize>(
    _ x: UnsafePointer<Float>, _ dY: UnsafePointer<Float>, _ range: Range<Int>, block: Int,
    _ size: Size.Type
  ) {
    let (rows, columns, interior) = (outputs.rows, outputs.columns, outputs.interior)
    let c = firstChannel(ofBlock: block, of: channels)
    let steps = FrameSteps(row: rows.step &* columns.inputs &* channels, column: columns.step &* channels)
    let (channels, stride) = (channels, columns.stride &* channels)
    let target = sums!.unsafeMemory.baseAddress! + block &* sumsPerBlock
    var frame = FilterFrame<Size>(
      UnsafePointer(target), rows: rows.taps, rowStep: columns.taps &* 16, columns: columns.taps,
      columnStep: 16)
    let all = (UInt64(1) &<< UInt64(truncatingIfNeeded: columns.taps)) &- 1
    var ahead = outputs.inputsAhead(range, x, block)
    for row in range {
      let present = rows.inside(row)
      var place = x + (outputs.input(row) &* channels &+ c)
      var gradient = dY + (row &* columns.outputs &* channels &+ c)
      var column = 0
      while column < columns.outputs {
        if column == interior.lowerBound && columns.taps == Size.size {
          while column < interior.upperBound {
            frame.add(gradient.vector(at: 0), place, steps, rows: present, columns: ~0)
            place += stride
            gradient += channels
            column &+= 1
            ahead.prefetch()
          }
          if column == columns.outputs { break }
        }
        let mask = interior.contains(column) ? all : columns.inside(column)
        frame.add(gradient.vector(at: 0), place, steps, rows: present, columns: mask)
        place += stride
        gradient += channels
        column &+= 1
        ahead.prefetch()
      }
    }
    frame.store(target, rows: rows.taps, rowStep: columns.taps &* 16, columns: columns.taps, columnStep: 16)
  }

  /// `add` of any number of cells and channels, cell by cell.
  private func addAny(_ x: UnsafePointer<Float>, _ dY: UnsafePointer<Float>, _ range: Range<Int>) {
    let (columns, channels) = (outputs.columns, channels)
    let target = sums!.unsafeMemory.baseAddress!
    forEachChannelBlock(of: channels) { block, c, lanes in
      for cell in 0..<geometry.depth {
        let (kh, kw) = cell.quotientAndRemainder(dividingBy: columns.taps)
        let place = block &* sumsPerBlock &+ cell &* 16
        var sum = target.vector(at: place)
        for row in range {
          for column in 0..<columns.outputs {
            guard let input = outputs.input(row, kh, column, kw) else { continue }
            sum.addProduct(
              dY.vector(at: (row &* columns.outputs &+ column) &* channels &+ c, lanes: lanes),
              x.vector(at: input &* channels &+ c, lanes: lanes))
          }
        }
        target.store(sum, at: place)
      }
    }
  }

  private func unpack(into dWeight: inout MutableSpan<Float>) {
    let (dWeight, sums) = (dWeight.address, sums!.unsafeMemory.baseAddress!)
    forEachChannelBlock(of: channels) { block, c, lanes in
      for cell in 0..<geometry.depth {
        dWeight.store(
          sums.vector(at: block &* sumsPerBlock &+ cell &* 16), at: cell &* channels &+ c, lanes: lanes)
      }
    }
  }
}
