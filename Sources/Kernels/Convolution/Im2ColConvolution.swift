import Tensors

/// A convolution by im2col and matrix products, of any kernel size, stride and padding.
///
/// The batch is worked off in tiles of output rows, small enough that the columns and outputs of a tile stay
/// in the L2 cache between unrolling, product and tail; one product over the whole batch would be bound by
/// memory. Where the tail pools, the unpooled outputs exist for a tile only.
final class Im2ColConvolution: ConvolutionKernel {
  private let geometry: ConvolutionGeometry
  private let blocks: OutputBlocks
  /// Output rows a tile; even where the tail pools.
  private let tileRows: Int
  private let columns: SharedBuffer<Float>
  /// (tile, OW, K) outputs or their gradients before pooling; empty where the tail does not pool.
  private let unpooled: SharedBuffer<Float>

  /// Elements of a tile's columns: 512 KiB, half of a usual L2 cache. Where the weights are larger than that,
  /// a tile is as large as they, which come from memory for each.
  private static let tileElements = 128 * 1024

  init(_ geometry: ConvolutionGeometry, _ tail: ConvolutionTail, maximumBatch: Int) {
    self.geometry = geometry
    blocks = OutputBlocks(geometry.output, tail)
    tileRows = Self.tileRows(geometry, tail, maximumBatch: maximumBatch)
    let sizes = Self.sizes(geometry, tail, maximumBatch: maximumBatch)
    columns = SharedBuffer(repeating: 0, count: sizes.columns)
    unpooled = SharedBuffer(repeating: 0, count: sizes.unpooled)
  }

  private static func tileRows(
    _ geometry: ConvolutionGeometry, _ tail: ConvolutionTail, maximumBatch: Int
  ) -> Int {
    let (height, rowElements) = (geometry.output.height, geometry.output.width * geometry.depth)
    let step = tail.maxPool ? 2 : 1
    let wanted = max(tileElements / rowElements, geometry.output.channels / geometry.output.width)
    let fitting = max(wanted / step * step, step)
    return min(fitting >= height ? fitting / height * height : fitting, maximumBatch * height)
  }

  /// Elements of a tile's columns and of its unpooled outputs.
  private static func sizes(
    _ geometry: ConvolutionGeometry, _ tail: ConvolutionTail, maximumBatch: Int
  ) -> (columns: Int, unpooled: Int) {
    let positions = tileRows(geometry, tail, maximumBatch: maximumBatch) * geometry.output.width
    return (positions * geometry.depth, tail.maxPool ? positions * geometry.output.channels : 0)
  }

  /// Bytes that a convolution holds: a tile's columns and unpooled outputs.
  static func memory(
    _ geometry: ConvolutionGeometry, _ tail: ConvolutionTail, maximumBatch: Int
  ) -> Double {
    let sizes = sizes(geometry, tail, maximumBatch: maximumBatch)
    return 4 * (Double(sizes.columns) + Double(sizes.unpooled))
  }

  func forward(
    _ x: Span<Float>, count: Int, weight: Span<Float>, bias: Span<Float>, into y: inout MutableSpan<Float>,
    winners: inout MutableSpan<Int32>
  ) {
    check(x.count, weight.count, count)
    let (depth, filters, tail) = (geometry.depth, geometry.output.channels, blocks.tail)
    for firstRow in stride(from: 0, to: count * geometry.output.height, by: tileRows) {
      let tile = tile(from: firstRow, count)
      unroll(x, tile.rows)
      if tail.maxPool {
        let unpooled = unpooled
        var outputs = unpooled.mutableSpan(first: tile.positions.count * filters)
        multiply(unrolled(x, tile), weight, into: &outputs, m: tile.positions.count, n: filters, k: depth)
        poolRows(tile, BlockWriter(blocks, bias: bias, y: &y, winners: &winners))
      } else {
        var part = y[slice: tile.positions.lowerBound * filters..<tile.positions.upperBound * filters]
        multiply(unrolled(x, tile), weight, into: &part, m: tile.positions.count, n: filters, k: depth)
        addBias(bias, activation: tail.activation, to: &part, width: filters)
      }
    }
  }

  func backward(
    _ x: Span<Float>, y: Span<Float>, winners: Span<Int32>, dY: inout MutableSpan<Float>, count: Int,
    weight: Span<Float>, dWeight: inout MutableSpan<Float>, dBias: inout MutableSpan<Float>,
    dX: inout MutableSpan<Float>
  ) {
    check(x.count, weight.count, count)
    let (filters, tail) = (geometry.output.channels, blocks.tail)
    dBias.update(repeating: 0)
    for firstRow in stride(from: 0, to: count * geometry.output.height, by: tileRows) {
      let tile = tile(from: firstRow, count)
      if tail.maxPool {
        unpoolRows(tile, BlockReader(blocks, y: y, dY: dY.span, winners: winners))
        let unpooled = unpooled
        let part = unpooled.span(first: tile.positions.count * filters)
        sumColumns(of: part, addingTo: &dBias, width: filters)
        gradients(x, dY: part, tile, weight: weight, dWeight: &dWeight, dX: &dX)
      } else {
        let elements = tile.positions.lowerBound * filters..<tile.positions.upperBound * filters
        var part = dY[slice: elements]
        addBiasBackward(
          y: y.extracting(elements), activation: tail.activation, dY: &part, dBias: &dBias, width: filters)
        gradients(x, dY: part.span, tile, weight: weight, dWeight: &dWeight, dX: &dX)
      }
    }
  }

  /// dWeight += columns^T dY, and dX.
  private func gradients(
    _ x: Span<Float>, dY: Span<Float>, _ tile: Tile, weight: Span<Float>,
    dWeight: inout MutableSpan<Float>, dX: inout MutableSpan<Float>
  ) {
    unroll(x, tile.rows)
    multiply(
      unrolled(x, tile), transposeA: true, dY, into: &dWeight,
      m: geometry.depth, n: geometry.output.channels, k: tile.positions.count,
      beta: tile.rows.lowerBound == 0 ? 0 : 1)
    if !dX.isEmpty { inputGradient(dY: dY, tile, weight: weight, into: &dX) }
  }

  /// The tail of a tile's `unpooled` outputs.
  private func poolRows(_ tile: Tile, _ writer: BlockWriter) {
    let (filters, values) = (geometry.output.channels, UnsafePointer(unpooled.unsafeMemory.baseAddress!))
    let below = geometry.output.width * filters
    forEachBlock(tile) { image, row, column, place in
      for k in stride(from: 0, to: filters, by: 16) {
        let (first, lanes) = (place &+ k, min(16, filters &- k))
        writer.write(
          (
            values.vector(at: first, lanes: lanes), values.vector(at: first &+ filters, lanes: lanes),
            values.vector(at: first &+ below, lanes: lanes),
            values.vector(at: first &+ below &+ filters, lanes: lanes)
          ), image: image, row: row, column: column, channel: k, lanes: lanes, pools: true)
      }
    }
  }

  /// Fills `unpooled` with the gradients of a tile's outputs.
  private func unpoolRows(_ tile: Tile, _ reader: BlockReader) {
    let (filters, values) = (geometry.output.channels, unpooled.unsafeMemory.baseAddress!)
    let below = geometry.output.width * filters
    forEachBlock(tile) { image, row, column, place in
      for k in stride(from: 0, to: filters, by: 16) {
        let (first, lanes) = (place &+ k, min(16, filters &- k))
        let (block, _) = reader.read(
          image: image, row: row, column: column, channel: k, lanes: lanes, pools: true)
        values.store(block.0, at: first, lanes: lanes)
        values.store(block.1, at: first &+ filters, lanes: lanes)
        values.store(block.2, at: first &+ below, lanes: lanes)
        values.store(block.3, at: first &+ below &+ filters, lanes: lanes)
      }
    }
  }

  /// The blocks of a tile, each with the place of its first position in `unpooled`.
  @inline(__always)
  private func forEachBlock(
    _ tile: Tile, _ body: (_ image: Int, _ row: Int, _ column: Int, _ place: Int) -> Void
  ) {
    let pitch = geometry.output.width &* geometry.output.channels
    for pair in 0..<tile.rows.count / 2 {
      let (image, row) = (tile.rows.lowerBound / 2 &+ pair).quotientAndRemainder(dividingBy: blocks.rows)
      for column in 0..<blocks.columns {
        body(image, row, column, 2 &* (pair &* pitch &+ column &* geometry.output.channels))
      }
    }
  }

  /// dX = col2im(dY weight^T). An image's dX is cleared when its first row comes.
  private func inputGradient(
    dY: Span<Float>, _ tile: Tile, weight: Span<Float>, into dX: inout MutableSpan<Float>
  ) {
    let (depth, filters) = (geometry.depth, geometry.output.channels)
    if geometry.isPointwise {
      var part = dX[slice: tile.positions.lowerBound * depth..<tile.positions.upperBound * depth]
      multiply(dY, weight, transposeB: true, into: &part, m: tile.positions.count, n: depth, k: filters)
    } else {
      let (geometry, columns) = (geometry, columns)
      let size = geometry.input.count
      var fresh = dX[slice: tile.images.lowerBound * size..<tile.images.upperBound * size]
      fresh.update(repeating: 0)
      var used = columns.mutableSpan(first: tile.positions.count * depth)
      multiply(dY, weight, transposeB: true, into: &used, m: tile.positions.count, n: depth, k: filters)
      col2im(used.span, geometry, rows: tile.rows, addingTo: &dX)
    }
  }

  // MARK: Tiles

  private struct Tile {
    /// Output rows, counted over the batch.
    let rows: Range<Int>
    /// Output positions, counted over the batch.
    let positions: Range<Int>
    /// Images whose first output row is in this tile.
    let images: Range<Int>
  }

  private func tile(from firstRow: Int, _ count: Int) -> Tile {
    let (height, width) = (geometry.output.height, geometry.output.width)
    let end = min(firstRow + tileRows, count * height)
    return Tile(
      rows: firstRow..<end, positions: firstRow * width..<end * width,
      images: (firstRow + height - 1) / height..<(end + height - 1) / height)
  }

  /// Fills `columns` with the windows of `rows`, where they are not the input itself.
  private func unroll(_ x: Span<Float>, _ rows: Range<Int>) {
    guard !geometry.isPointwise else { return }
    let columns = columns
    var all = columns.mutableSpan
    im2col(x, geometry, rows: rows, into: &all)
  }

  /// The (positions, KH * KW * C) matrix that `unroll` made.
  @_lifetime(copy x, borrow self)
  private func unrolled(_ x: Span<Float>, _ tile: Tile) -> Span<Float> {
    if geometry.isPointwise {
      return x.extracting(
        tile.positions.lowerBound * geometry.depth..<tile.positions.upperBound * geometry.depth)
    }
    let columns = columns
    return unsafe _overrideLifetime(
      columns.span(first: tile.positions.count * geometry.depth), borrowing: self)
  }

  private func check(_ x: Int, _ weight: Int, _ count: Int) {
    precondition(x == count * geometry.input.count, "\(x) inputs for \(count) images of \(geometry.input)")
    precondition(
      weight == geometry.depth * geometry.output.channels,
      "\(weight) weights for a filter matrix of \(geometry.depth) x \(geometry.output.channels)")
  }
}
