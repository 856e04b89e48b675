import Tensors

/// The outputs of a convolution as blocks of 2 x 2 positions, the unit in which kernels hand them to the tail
/// and get their gradients back. A block is also the window of a 2 x 2 pooling.
///
/// The winner of a pooled output is the position in its block, 0 to 3 row by row, that held the maximum, or
/// -1 where the activation cut it off: then its gradient goes nowhere.
struct OutputBlocks {
  /// (OH, OW, K), before pooling.
  let output: Shape
  let tail: ConvolutionTail

  /// Blocks along an image's height and width; the last ones may be cut.
  var rows: Int { (output.height + 1) / 2 }
  var columns: Int { (output.width + 1) / 2 }

  init(_ output: Shape, _ tail: ConvolutionTail) {
    precondition(
      !tail.maxPool || (output.height % 2 == 0 && output.width % 2 == 0), "2 x 2 pooling of \(output)")
    self.output = output
    self.tail = tail
  }

  /// Elements from a block's place on that vectors of 16 channels of its positions may touch.
  var reach: Int { tail.maxPool ? 16 : (output.width + 1) * output.channels + 16 }

  /// Calls `body` with constants for what its inner loop would else have to ask: whether the tail pools, and
  /// the number of lanes if that is 16.
  @inline(__always)
  func specialized(lanes: Int, _ body: (_ pools: Bool, _ lanes: Int) -> Void) {
    switch (tail.maxPool, lanes == 16) {
    case (true, true): body(true, 16)
    case (false, true): body(false, 16)
    case (true, false): body(true, lanes)
    case (false, false): body(false, lanes)
    }
  }

  /// Place in y of channel 0 of a block: of its pooled output, or of its first position.
  @inline(__always)
  func place(image: Int, row: Int, column: Int, pools: Bool) -> Int {
    pools
      ? ((image &* rows &+ row) &* columns &+ column) &* output.channels
      : ((image &* output.height &+ 2 &* row) &* output.width &+ 2 &* column) &* output.channels
  }

  /// Whether the block's second row and second column are there.
  @inline(__always)
  func isWhole(row: Int, column: Int) -> (rows: Bool, columns: Bool) {
    (2 &* row &+ 1 < output.height, 2 &* column &+ 1 < output.width)
  }
}

/// Four values of one channel vector: a block's positions row by row.
typealias BlockValues = (Vector, Vector, Vector, Vector)

/// Finishes blocks of outputs: bias, activation, pooling, and writes y.
struct BlockWriter {
  let blocks: OutputBlocks
  let bias: UnsafePointer<Float>?
  let y: UnsafeMutablePointer<Float>
  let winners: UnsafeMutablePointer<Int32>
  private let bounds: ActivationBounds

  init(
    _ blocks: OutputBlocks, bias: Span<Float>, y: inout MutableSpan<Float>,
    winners: inout MutableSpan<Int32>
  ) {
    precondition(bias.isEmpty || bias.count == blocks.output.channels, "bias of \(bias.count) elements")
    precondition(!blocks.tail.maxPool || winners.count == y.count, "\(winners.count) winners")
    self.blocks = blocks
    self.bias = bias.isEmpty ? nil : bias.address
    self.y = y.address
    self.winners = winners.address
    bounds = ActivationBounds(blocks.tail.activation)
  }

  /// - Parameters:
  ///   - values: convolution sums of channels k..<k + lanes.
  @inline(__always)
  func write(
    _ values: BlockValues, image: Int, row: Int, column: Int, channel k: Int, lanes: Int, pools: Bool
  ) {
    let place = blocks.place(image: image, row: row, column: column, pools: pools) &+ k
    let shift = bias?.vector(at: k, lanes: lanes) ?? Vector.zero
    if pools {
      pool(values, shift, place, lanes)
    } else {
      let whole = blocks.isWhole(row: row, column: column)
      let (right, below) = (blocks.output.channels, blocks.output.width &* blocks.output.channels)
      store(values.0 + shift, place, lanes)
      if whole.columns { store(values.1 + shift, place &+ right, lanes) }
      if whole.rows { store(values.2 + shift, place &+ below, lanes) }
      if whole.rows && whole.columns { store(values.3 + shift, place &+ below &+ right, lanes) }
    }
  }

  @inline(__always)
  private func store(_ value: Vector, _ place: Int, _ lanes: Int) {
    y.store(bounds.clamp(value), at: place, lanes: lanes)
  }

  /// A NaN wins over all but an earlier NaN.
  @inline(__always)
  private func pool(_ values: BlockValues, _ shift: Vector, _ place: Int, _ lanes: Int) {
    var best = values.0
    var winner = SIMD16<Int32>(repeating: 0)
    @inline(__always) func compare(_ value: Vector, _ position: Int32) {
      let wins = (value .> best) .| (value .!= value)
      best.replace(with: value, where: wins)
      winner.replace(with: SIMD16<Int32>(repeating: position), where: wins)
    }
    compare(values.1, 1)
    compare(values.2, 2)
    compare(values.3, 3)
    best += shift
    let below = best .<= bounds.floor
    best.replace(with: bounds.floor, where: below)
    winner.replace(with: SIMD16<Int32>(repeating: -1), where: below)
    // Asked for, as a convolution of few channels has little else to do.
    if bounds.hasCeiling {
      let above = best .> bounds.largestPassing
      best.replace(with: bounds.ceiling, where: above)
      winner.replace(with: SIMD16<Int32>(repeating: -1), where: above)
    }
    y.store(best, at: place, lanes: lanes)
    winners.store(winner, at: place, lanes: lanes)
  }
}

/// Gives back the gradients of blocks of outputs, before pooling, activation and bias.
struct BlockReader {
  let blocks: OutputBlocks
  let y: UnsafePointer<Float>
  let dY: UnsafePointer<Float>
  let winners: UnsafePointer<Int32>
  private let bounds: ActivationBounds
  /// Elements of dY.
  private let count: Int

  init(_ blocks: OutputBlocks, y: Span<Float>, dY: Span<Float>, winners: Span<Int32>) {
    precondition(y.count == dY.count, "\(dY.count) gradients for \(y.count) outputs")
    precondition(!blocks.tail.maxPool || winners.count == y.count, "\(winners.count) winners")
    self.blocks = blocks
    self.y = y.address
    self.dY = dY.address
    self.winners = winners.address
    bounds = ActivationBounds(blocks.tail.activation)
    count = dY.count
  }

  /// Gradients, and their sum, of channels k..<k + lanes, 0 for positions that are not there. Lanes beyond
  /// `lanes` are any numbers.
  @inline(__always)
  func read(
    image: Int, row: Int, column: Int, channel k: Int, lanes: Int, pools: Bool
  ) -> (values: BlockValues, sum: Vector) {
    let place = blocks.place(image: image, row: row, column: column, pools: pools) &+ k
    // Lanes are loaded one by one only where whole vectors would reach over the end.
    let lanes = place &+ blocks.reach <= count ? 16 : lanes
    if pools {
      let gradient = dY.vector(at: place, lanes: lanes)
      let winner = winners.vector(at: place, lanes: lanes)
      @inline(__always) func share(_ position: Int32) -> Vector {
        Vector.zero.replacing(with: gradient, where: winner .== SIMD16<Int32>(repeating: position))
      }
      // Not the sum of the shares, which the compiler takes lane by lane.
      let sum = gradient.replacing(with: Vector.zero, where: winner .< SIMD16<Int32>(repeating: 0))
      return ((share(0), share(1), share(2), share(3)), sum)
    }
    let whole = blocks.isWhole(row: row, column: column)
    let (right, below) = (blocks.output.channels, blocks.output.width &* blocks.output.channels)
    let values = (
      load(place, lanes), whole.columns ? load(place &+ right, lanes) : Vector.zero,
      whole.rows ? load(place &+ below, lanes) : Vector.zero,
      whole.rows && whole.columns ? load(place &+ below &+ right, lanes) : Vector.zero
    )
    return (values, (values.0 + values.1) + (values.2 + values.3))
  }

  @inline(__always)
  private func load(_ place: Int, _ lanes: Int) -> Vector {
    let gradient = dY.vector(at: place, lanes: lanes)
    guard blocks.tail.activation != .identity else { return gradient }
    return bounds.backward(gradient, y: y.vector(at: place, lanes: lanes))
  }
}
