import Tensors

/// A two-dimensional convolution with bias and, fused, ReLU, by im2col and matrix products.
///
/// The batch is worked off in tiles of output rows, small enough that the columns and outputs of a tile stay
/// in the L2 cache between unrolling, product and bias; one product over the whole batch would be bound by
/// memory.
///
/// Shapes: x (N, H, W, C), weight (KH * KW * C, K), bias (K), y (N, OH, OW, K), with
/// OH = floor((H + 2 padding - KH) / stride) + 1, and OW likewise.
package struct Conv2DKernel: ~Copyable {
  package let geometry: ConvolutionGeometry
  private let relu: Bool
  /// Output rows a tile.
  private let tile: Int
  private var columns: AlignedBuffer<Float>

  /// Elements of a tile's columns: 512 KiB, half of a usual L2 cache.
  private static let tileElements = 128 * 1024

  package init(_ geometry: ConvolutionGeometry, relu: Bool, maximumBatch: Int) {
    self.geometry = geometry
    self.relu = relu
    let (height, rowElements) = (geometry.output.height, geometry.output.width * geometry.depth)
    let fitting = max(Self.tileElements / rowElements, 1)
    tile = min(fitting >= height ? fitting / height * height : fitting, maximumBatch * height)
    columns = AlignedBuffer(count: tile * rowElements)
  }

  /// y = relu(x * weight + bias) for `count` images.
  ///
  /// - Parameter bias: (K), or empty for none.
  package mutating func forward(
    _ x: Span<Float>, count: Int, weight: Span<Float>, bias: Span<Float>, into y: inout MutableSpan<Float>
  ) {
    check(x.count, y.count, weight.count, count)
    let (depth, filters) = (geometry.depth, geometry.output.channels)
    for tile in tiles(count) {
      unroll(x, tile.rows)
      var part = y[slice: tile.positions.lowerBound * filters..<tile.positions.upperBound * filters]
      multiply(unrolled(x, tile), weight, into: &part, m: tile.positions.count, n: filters, k: depth)
      addBias(bias, relu: relu, to: &part, width: filters)
    }
  }

  /// Gradients of weight, bias and input for `count` images.
  ///
  /// - Parameters:
  ///   - y: the output of `forward`.
  ///   - dY: (N, OH, OW, K); changed: 0 where ReLU cut off.
  ///   - dWeight: (KH * KW * C, K), overwritten.
  ///   - dBias: (K), overwritten; or empty for none.
  ///   - dX: (N, H, W, C), overwritten; or empty where nobody needs it.
  package mutating func backward(
    _ x: Span<Float>, y: Span<Float>, dY: inout MutableSpan<Float>, count: Int, weight: Span<Float>,
    dWeight: inout MutableSpan<Float>, dBias: inout MutableSpan<Float>, dX: inout MutableSpan<Float>
  ) {
    check(x.count, y.count, weight.count, count)
    let (depth, filters) = (geometry.depth, geometry.output.channels)
    dBias.update(repeating: 0)
    for tile in tiles(count) {
      let elements = tile.positions.lowerBound * filters..<tile.positions.upperBound * filters
      var part = dY[slice: elements]
      addBiasBackward(y: y.extracting(elements), relu: relu, dY: &part, dBias: &dBias, width: filters)
      unroll(x, tile.rows)
      multiply(
        unrolled(x, tile), transposeA: true, part.span, into: &dWeight,
        m: depth, n: filters, k: tile.positions.count, beta: tile.rows.lowerBound == 0 ? 0 : 1)
      if !dX.isEmpty { inputGradient(dY: part.span, tile, weight: weight, into: &dX) }
    }
  }

  /// dX = col2im(dY weight^T). An image's dX is cleared when its first row comes.
  private mutating func inputGradient(
    dY: Span<Float>, _ tile: Tile, weight: Span<Float>, into dX: inout MutableSpan<Float>
  ) {
    let (depth, filters) = (geometry.depth, geometry.output.channels)
    if geometry.isPointwise {
      var part = dX[slice: tile.positions.lowerBound * depth..<tile.positions.upperBound * depth]
      multiply(dY, weight, transposeB: true, into: &part, m: tile.positions.count, n: depth, k: filters)
    } else {
      let geometry = geometry
      let size = geometry.input.count
      var fresh = dX[slice: tile.images.lowerBound * size..<tile.images.upperBound * size]
      fresh.update(repeating: 0)
      var all = columns.mutableSpan
      var used = all[slice: 0..<tile.positions.count * depth]
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

  private func tiles(_ count: Int) -> some Sequence<Tile> {
    let (height, width, size) = (geometry.output.height, geometry.output.width, tile)
    return stride(from: 0, to: count * height, by: size).lazy.map { start in
      let end = min(start + size, count * height)
      return Tile(
        rows: start..<end, positions: start * width..<end * width,
        images: (start + height - 1) / height..<(end + height - 1) / height)
    }
  }

  /// Fills `columns` with the windows of `rows`, where they are not the input itself.
  private mutating func unroll(_ x: Span<Float>, _ rows: Range<Int>) {
    guard !geometry.isPointwise else { return }
    let geometry = geometry
    var columns = self.columns.mutableSpan
    im2col(x, geometry, rows: rows, into: &columns)
  }

  /// The (positions, KH * KW * C) matrix that `unroll` made.
  @_lifetime(borrow self, copy x)
  private func unrolled(_ x: Span<Float>, _ tile: Tile) -> Span<Float> {
    if geometry.isPointwise {
      return x.extracting(
        tile.positions.lowerBound * geometry.depth..<tile.positions.upperBound * geometry.depth)
    }
    return columns.span.extracting(first: tile.positions.count * geometry.depth)
  }

  private func check(_ x: Int, _ y: Int, _ weight: Int, _ count: Int) {
    precondition(x >= count * geometry.input.count, "\(x) inputs for \(count) images of \(geometry.input)")
    precondition(y >= count * geometry.output.count, "\(y) outputs for \(count) images of \(geometry.output)")
    precondition(
      weight == geometry.depth * geometry.output.channels,
      "\(weight) weights for a filter matrix of \(geometry.depth) x \(geometry.output.channels)")
  }
}
