import Tensors

/// A convolution by im2col and matrix products, of any kernel size, stride, padding, dilation and number of
/// groups.
///
/// The batch is worked off in tiles of output rows, small enough that the columns and outputs of a tile stay
/// in the L2 cache between unrolling, product and tail; one product over the whole batch would be bound by
/// memory. Where the tail pools, the unpooled outputs exist for a tile only. Groups are products of their own,
/// of parts of the matrices of weights and outputs.
final class Im2ColConvolution: ConvolutionKernel {
  private let geometry: ConvolutionGeometry
  private let blocks: OutputBlocks
  /// Output rows a tile; even where the tail pools.
  private let tileRows: Int
  private let columns: SharedBuffer<Float>
  /// (tile, OW, K) outputs or their gradients before pooling; empty where the tail does not pool.
  private let unpooled: SharedBuffer<Float>

  /// Elements of a tile's columns, of one group: 512 KiB, half of a usual L2 cache. Where the weights are larger than that,
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
    let (filters, tail) = (geometry.output.channels, blocks.tail)
    for firstRow in stride(from: 0, to: count * geometry.output.height, by: tileRows) {
      let tile = tile(from: firstRow, count)
      if tail.maxPool {
        sums(x, tile, weight: weight, into: unpooled.unsafeMemory.baseAddress!)
        poolRows(tile, BlockWriter(blocks, bias: bias, y: &y, winners: &winners))
      } else {
        var part = y[slice: tile.positions.lowerBound * filters..<tile.positions.upperBound * filters]
        sums(x, tile, weight: weight, into: part.address)
        addBias(bias, activation: tail.activation, to: &part, width: filters)
      }
    }
  }

  /// A tile's columns * weight, (positions, K).
  private func sums(
    _ x: Span<Float>, _ tile: Tile, weight: Span<Float>, into target: UnsafeMutablePointer<Float>
  ) {
    let filters = geometry.output.channels
    for group in 0..<geometry.groups {
      let (columns, row) = unrolled(x, tile, group)
      let first = group * geometry.filtersPerGroup
      product(
        columns, rowOfA: row, weight.address + first, rowOfB: filters, target + first, rowOfC: filters,
        m: tile.positions.count, n: geometry.filtersPerGroup, k: geometry.depth)
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
    precondition(
      dWeight.isEmpty || dWeight.count == weight.count,
      "\(dWeight.count) gradients for \(weight.count) weights")
    let filters = geometry.output.channels
    if !dX.isEmpty && !geometry.isPointwise { clear(tile.images, of: &dX) }
    for group in 0..<geometry.groups {
      if !dWeight.isEmpty {
        let (columns, row) = unrolled(x, tile, group)
        let first = group * geometry.filtersPerGroup
        product(
          columns, rowOfA: row, transposeA: true, dY.address + first, rowOfB: filters,
          dWeight.address + first, rowOfC: filters, m: geometry.depth, n: geometry.filtersPerGroup,
          k: tile.positions.count, beta: tile.rows.lowerBound == 0 ? 0 : 1)
      }
      if !dX.isEmpty { inputGradient(dY: dY, tile, group, weight: weight, into: &dX) }
    }
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

  /// An image's dX is cleared when its first row comes.
  private func clear(_ images: Range<Int>, of dX: inout MutableSpan<Float>) {
    let size = geometry.input.count
    var fresh = dX[slice: images.lowerBound * size..<images.upperBound * size]
    fresh.update(repeating: 0)
  }

  /// dX = col2im(dY weight^T) of a group's channels.
  private func inputGradient(
    dY: Span<Float>, _ tile: Tile, _ group: Int, weight: Span<Float>, into dX: inout MutableSpan<Float>
  ) {
    let (depth, filters, channels) = (geometry.depth, geometry.output.channels, geometry.input.channels)
    let first = group * geometry.filtersPerGroup
    let target =
      geometry.isPointwise
      ? dX.address + (tile.positions.lowerBound * channels + group * geometry.channelsPerGroup)
      : columns.unsafeMemory.baseAddress!
    product(
      dY.address + first, rowOfA: filters, weight.address + first, rowOfB: filters, transposeB: true,
      target, rowOfC: geometry.isPointwise ? channels : depth,
      m: tile.positions.count, n: depth, k: geometry.filtersPerGroup)
    if !geometry.isPointwise {
      let columns = columns
      col2im(
        columns.span(first: tile.positions.count * depth), geometry, group: group, rows: tile.rows,
        addingTo: &dX)
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

  /// The (positions, KH * KW * C / G) matrix of a group's windows and the distance between its rows: made in
  /// `columns`, where it is not the input itself.
  private func unrolled(
    _ x: Span<Float>, _ tile: Tile, _ group: Int
  ) -> (matrix: UnsafePointer<Float>, row: Int) {
    if geometry.isPointwise {
      let channels = geometry.input.channels
      let first = tile.positions.lowerBound * channels + group * geometry.channelsPerGroup
      return (x.address + first, channels)
    }
    let columns = columns
    var all = columns.mutableSpan
    im2col(x, geometry, group: group, rows: tile.rows, into: &all)
    return (UnsafePointer(columns.unsafeMemory.baseAddress!), geometry.depth)
  }

  private func check(_ x: Int, _ weight: Int, _ count: Int) {
    precondition(x == count * geometry.input.count, "\(x) inputs for \(count) images of \(geometry.input)")
    precondition(
      weight == geometry.depth * geometry.output.channels,
      "\(weight) weights for a filter matrix of \(geometry.depth) x \(geometry.output.channels)")
  }
}
