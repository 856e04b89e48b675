import Tensors

/// A 3 x 3 convolution of stride 1 by Winograd's algorithm: per tile position one matrix product over
/// channels,
///
///     M[p] = V[p] U[p],   V (P, T, C) the transformed input tiles, U (P, C, K) the transformed filters,
///
/// P products a tile, T tiles at a time, so few that V and M stay in the cache. The backward pass is the
/// adjoint, product by product: dU[p] = V[p]^T dM[p] and dV[p] = dM[p] U[p]^T.
final class WinogradConvolution<Tile: WinogradTile>: ConvolutionKernel {
  let geometry: ConvolutionGeometry
  private let blocks: OutputBlocks
  let (channels, filters): (Int, Int)
  /// Tiles along an image's height and width, and in a chunk.
  let (rows, columns, chunk): (Int, Int, Int)
  let v: AlignedBuffer<Float>
  let m: AlignedBuffer<Float>
  /// U in the forward pass, its transpose (P, K, C) in the backward pass.
  let weights: AlignedBuffer<Float>
  /// dU. Made by the first backward pass, as inference needs none.
  var weightGradients: SharedBuffer<Float>?
  /// A tile of vectors between the transforms of its columns and rows, and one behind them.
  let scratch = AlignedBuffer<Float>(count: 2 * 16 * Tile.products)

  /// Elements of V and M together: 512 KiB, half of a usual L2 cache. Where U is larger than that, they are
  /// as large as U, which comes from memory for each chunk.
  private static var chunkElements: Int { 128 * 1024 }

  static func fits(_ geometry: ConvolutionGeometry) -> Bool {
    geometry.window.size == Size2D(3) && geometry.window.stride == Size2D(1)
      && geometry.window.dilation == Size2D(1) && geometry.groups == 1
      && geometry.input.channels % 16 == 0 && geometry.output.channels % 16 == 0
  }

  /// Tiles along an image's height and width.
  static func tiles(_ geometry: ConvolutionGeometry) -> (rows: Int, columns: Int) {
    (
      (geometry.output.height + Tile.outputs - 1) / Tile.outputs,
      (geometry.output.width + Tile.outputs - 1) / Tile.outputs
    )
  }

  init(_ geometry: ConvolutionGeometry, _ tail: ConvolutionTail, maximumBatch: Int) {
    precondition(Self.fits(geometry), "a Winograd convolution of \(geometry)")
    self.geometry = geometry
    blocks = OutputBlocks(geometry.output, tail)
    (channels, filters) = (geometry.input.channels, geometry.output.channels)
    (rows, columns) = Self.tiles(geometry)
    chunk = Self.chunk(geometry, maximumBatch: maximumBatch)
    v = AlignedBuffer(count: Tile.products * Self.pitch(chunk, channels))
    m = AlignedBuffer(count: Tile.products * Self.pitch(chunk, filters))
    weights = AlignedBuffer(count: Tile.products * channels * filters)
  }

  private static func chunk(_ geometry: ConvolutionGeometry, maximumBatch: Int) -> Int {
    let (channels, filters, tiles) = (geometry.input.channels, geometry.output.channels, tiles(geometry))
    let fitting = max(
      chunkElements / (Tile.products * (channels + filters)), channels * filters / (channels + filters))
    let image = tiles.rows * tiles.columns
    return min(fitting >= image ? fitting / image * image : fitting, maximumBatch * image)
  }

  /// Bytes that a convolution holds: V, M, U, and dU unless there is no backward pass.
  static func memory(_ geometry: ConvolutionGeometry, maximumBatch: Int, forwardOnly: Bool) -> Double {
    let (channels, filters) = (geometry.input.channels, geometry.output.channels)
    let chunk = chunk(geometry, maximumBatch: maximumBatch)
    let tiles = pitch(chunk, channels) + pitch(chunk, filters)
    return 4 * Double(Tile.products) * (Double(tiles) + (forwardOnly ? 1 : 2) * Double(channels * filters))
  }

  /// Distance between the matrices of two products: a cache line more than they need, so that the stores of a
  /// tile do not all fall into one set of the cache.
  static func pitch(_ tiles: Int, _ width: Int) -> Int { tiles * width + 16 }

  // The kernel is called through a protocol, which would reach code that looks up the tile's transforms.
  @_specialize(where Tile == WinogradTile2)
  @_specialize(where Tile == WinogradTile4)
  func forward(
    _ x: Span<Float>, count: Int, weight: Span<Float>, bias: Span<Float>, into y: inout MutableSpan<Float>,
    winners: inout MutableSpan<Int32>
  ) {
    precondition(x.count == count * geometry.input.count, "\(x.count) inputs for \(count) images")
    transformWeights(weight, transposed: false)
    let writer = BlockWriter(blocks, bias: bias, y: &y, winners: &winners)
    let total = count * rows * columns
    for first in stride(from: 0, to: total, by: chunk) {
      let tiles = first..<min(first + chunk, total)
      transformInputs(x.address, tiles)
      for p in 0..<Tile.products {
        product(
          v.address + p * Self.pitch(chunk, channels), weights.address + p * channels * filters,
          m.address + p * Self.pitch(chunk, filters), m: tiles.count, n: filters, k: channels)
      }
      blocks.specialized(lanes: 16) { pools, _ in writeOutputs(writer, tiles, pools: pools) }
    }
  }

  @_specialize(where Tile == WinogradTile2)
  @_specialize(where Tile == WinogradTile4)
  func backward(
    _ x: Span<Float>, y: Span<Float>, winners: Span<Int32>, dY: inout MutableSpan<Float>, count: Int,
    weight: Span<Float>, dWeight: inout MutableSpan<Float>, dBias: inout MutableSpan<Float>,
    dX: inout MutableSpan<Float>
  ) {
    precondition(x.count == count * geometry.input.count, "\(x.count) inputs for \(count) images")
    if weightGradients == nil, !dWeight.isEmpty {
      weightGradients = SharedBuffer(repeating: 0, count: weights.count)
    }
    if !dX.isEmpty { transformWeights(weight, transposed: true) }
    dBias.update(repeating: 0)
    let biasGradient = dBias.isEmpty ? nil : dBias.address
    let reader = BlockReader(blocks, y: y, dY: dY.span, winners: winners)
    let total = count * rows * columns
    for first in stride(from: 0, to: total, by: chunk) {
      let tiles = first..<min(first + chunk, total)
      blocks.specialized(lanes: 16) { pools, _ in
        readGradients(reader, tiles, pools: pools, biasGradient: biasGradient)
      }
      if !dWeight.isEmpty {
        transformInputs(x.address, tiles)
        addWeightGradients(tiles)
      }
      if !dX.isEmpty { inputGradients(tiles, into: &dX) }
    }
    if !dWeight.isEmpty { transformWeightGradients(into: &dWeight) }
  }

  private func addWeightGradients(_ tiles: Range<Int>) {
    let gradients = weightGradients!.unsafeMemory.baseAddress!
    for p in 0..<Tile.products {
      product(
        v.address + p * Self.pitch(chunk, channels), transposeA: true,
        m.address + p * Self.pitch(chunk, filters), gradients + p * channels * filters,
        m: channels, n: filters, k: tiles.count, beta: tiles.lowerBound == 0 ? 0 : 1)
    }
  }

  /// An image's dX is cleared when its first tile comes; tiles overlap by two rows and columns.
  private func inputGradients(_ tiles: Range<Int>, into dX: inout MutableSpan<Float>) {
    for p in 0..<Tile.products {
      product(
        m.address + p * Self.pitch(chunk, filters), weights.address + p * channels * filters,
        v.address + p * Self.pitch(chunk, channels), m: tiles.count, n: channels, k: filters)
    }
    let (image, size) = (rows * columns, geometry.input.count)
    let fresh = (tiles.lowerBound + image - 1) / image..<(tiles.upperBound + image - 1) / image
    var cleared = dX[slice: fresh.lowerBound * size..<fresh.upperBound * size]
    cleared.update(repeating: 0)
    addInputGradients(to: dX.address, tiles)
  }

  // MARK: Tiles

  @inline(__always)
  func position(_ tile: Int) -> (image: Int, row: Int, column: Int) {
    let (line, column) = tile.quotientAndRemainder(dividingBy: columns)
    let (image, row) = line.quotientAndRemainder(dividingBy: rows)
    return (image, row, column)
  }

  /// Where a tile's inputs lie: offset of its first in the batch, possibly outside of the image, and which of
  /// its rows and columns are inside.
  @inline(__always)
  func place(
    _ tile: Int
  ) -> (offset: Int, rows: Range<Int>, columns: Range<Int>, isInside: Bool) {
    let (image, row, column) = position(tile)
    let (height, width) = (geometry.input.height, geometry.input.width)
    let h = row &* Tile.outputs &- geometry.window.padding.before.height
    let w = column &* Tile.outputs &- geometry.window.padding.before.width
    let rows = max(-h, 0)..<max(min(height &- h, Tile.inputs), max(-h, 0))
    let columns = max(-w, 0)..<max(min(width &- w, Tile.inputs), max(-w, 0))
    return (
      ((image &* height &+ h) &* width &+ w) &* channels, rows, columns,
      rows.count == Tile.inputs && columns.count == Tile.inputs
    )
  }

  /// The blocks of a tile that are there, each with its first position's place in a tile of vectors.
  @inline(__always)
  func forEachBlock(
    _ tileRow: Int, _ tileColumn: Int, _ body: (_ row: Int, _ column: Int, _ place: Int) -> Void
  ) {
    let perTile = Tile.outputs / 2
    for blockRow in 0..<perTile {
      for blockColumn in 0..<perTile {
        let (row, column) = (tileRow &* perTile &+ blockRow, tileColumn &* perTile &+ blockColumn)
        guard row < blocks.rows && column < blocks.columns else { continue }
        body(row, column, (blockRow &* Tile.outputs &+ blockColumn) &* 32)
      }
    }
  }
}
