import Tensors

/// A 3 x 3 convolution of stride 1 by Winograd's algorithm: per tile position one matrix product over channels,
///
///     M[p] = V[p] U[p],   V (P, T, C) the transformed input tiles, U (P, C, K) the transformed filters,
///
/// P products a tile, T tiles at a time, so few that V and M stay in the cache. The backward pass is the
/// adjoint, product by product: dU[p] = V[p]^T dM[p] and dV[p] = dM[p] U[p]^T.
final class WinogradConvolution<Tile: WinogradTile>: ConvolutionKernel {
  private let geometry: ConvolutionGeometry
  private let blocks: OutputBlocks
  private let (channels, filters): (Int, Int)
  /// Tiles along an image's height and width, and in a chunk.
  private let (rows, columns, chunk): (Int, Int, Int)
  private let v: AlignedBuffer<Float>
  private let m: AlignedBuffer<Float>
  /// U in the forward pass, its transpose (P, K, C) in the backward pass.
  private let weights: AlignedBuffer<Float>
  /// dU. Made by the first backward pass, as inference needs none.
  private var weightGradients: SharedBuffer<Float>?
  /// A tile of vectors between the transforms of its columns and rows, and one behind them.
  private let scratch = AlignedBuffer<Float>(count: 2 * 16 * Tile.products)

  /// Elements of V and M together: 512 KiB, half of a usual L2 cache. Where U is larger than that, they are as
  /// large as U, which comes from memory for each chunk.
  private static var chunkElements: Int { 128 * 1024 }

  static func fits(_ geometry: ConvolutionGeometry) -> Bool {
    geometry.window.size == Size2D(3) && geometry.window.stride == Size2D(1)
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
    let fitting = max(
      Self.chunkElements / (Tile.products * (channels + filters)), channels * filters / (channels + filters))
    let image = rows * columns
    chunk = min(fitting >= image ? fitting / image * image : fitting, maximumBatch * image)
    v = AlignedBuffer(count: Tile.products * Self.pitch(chunk, channels))
    m = AlignedBuffer(count: Tile.products * Self.pitch(chunk, filters))
    weights = AlignedBuffer(count: Tile.products * channels * filters)
  }

  /// Distance between the matrices of two products: a cache line more than they need, so that the stores of a
  /// tile do not all fall into one set of the cache.
  private static func pitch(_ tiles: Int, _ width: Int) -> Int { tiles * width + 16 }

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
    if weightGradients == nil { weightGradients = SharedBuffer(repeating: 0, count: weights.count) }
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
      transformInputs(x.address, tiles)
      addWeightGradients(tiles)
      if !dX.isEmpty { inputGradients(tiles, into: &dX) }
    }
    transformWeightGradients(into: &dWeight)
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

  // MARK: Transforms

  /// Applies a one-dimensional transform to the columns of a tile and then to the rows.
  ///
  /// - Parameters:
  ///   - columns, rows: number of columns before, and of rows after.
  @inline(__always)
  private func transform<Line: LineTransform>(
    _ line: Line.Type, columns: Int, rows: Int,
    load: (_ row: Int, _ column: Int) -> Vector, store: (_ row: Int, _ column: Int, Vector) -> Void
  ) {
    let half = scratch.address
    for column in 0..<columns {
      line.apply(
        { load($0, column) }, { half.store($1, at: ($0 &* Tile.inputs &+ column) &* 16) })
    }
    for row in 0..<rows {
      line.apply(
        { half.vector(at: (row &* Tile.inputs &+ $0) &* 16) }, { store(row, $0, $1) })
    }
  }

  /// V = B^T d B of each tile.
  private func transformInputs(_ x: UnsafePointer<Float>, _ tiles: Range<Int>) {
    let (v, pitch, width) = (v.address, Self.pitch(chunk, channels), geometry.input.width)
    for tile in tiles {
      let place = self.place(tile)
      let source = x + place.offset
      for c in stride(from: 0, to: channels, by: 16) {
        let target = v + ((tile &- tiles.lowerBound) &* channels &+ c)
        if place.isInside {
          transform(Tile.Input.self, columns: Tile.inputs, rows: Tile.inputs) { row, column in
            source.vector(at: (row &* width &+ column) &* channels &+ c)
          } store: { row, column, value in
            target.store(value, at: (row &* Tile.inputs &+ column) &* pitch)
          }
        } else {
          transform(Tile.Input.self, columns: Tile.inputs, rows: Tile.inputs) { row, column in
            place.rows.contains(row) && place.columns.contains(column)
              ? source.vector(at: (row &* width &+ column) &* channels &+ c) : Vector.zero
          } store: { row, column, value in
            target.store(value, at: (row &* Tile.inputs &+ column) &* pitch)
          }
        }
      }
    }
  }

  /// dX += B dV B^T of each tile.
  private func addInputGradients(to dX: UnsafeMutablePointer<Float>, _ tiles: Range<Int>) {
    let (v, pitch, width) = (v.address, Self.pitch(chunk, channels), geometry.input.width)
    for tile in tiles {
      let place = self.place(tile)
      let target = dX + place.offset
      for c in stride(from: 0, to: channels, by: 16) {
        let source = v + ((tile &- tiles.lowerBound) &* channels &+ c)
        transform(Tile.InputAdjoint.self, columns: Tile.inputs, rows: Tile.inputs) { row, column in
          source.vector(at: (row &* Tile.inputs &+ column) &* pitch)
        } store: { row, column, value in
          if place.isInside || (place.rows.contains(row) && place.columns.contains(column)) {
            let offset = (row &* width &+ column) &* channels &+ c
            target.store(target.vector(at: offset) + value, at: offset)
          }
        }
      }
    }
  }

  /// Y = A^T M A of each tile, and the tail.
  @inline(__always)
  private func writeOutputs(_ writer: BlockWriter, _ tiles: Range<Int>, pools: Bool) {
    let (m, pitch, size) = (m.address, Self.pitch(chunk, filters), Tile.outputs)
    let y = scratch.address + 16 * Tile.products
    for tile in tiles {
      let (image, tileRow, tileColumn) = position(tile)
      for k in stride(from: 0, to: filters, by: 16) {
        let source = m + ((tile &- tiles.lowerBound) &* filters &+ k)
        transform(Tile.Output.self, columns: Tile.inputs, rows: size) { row, column in
          source.vector(at: (row &* Tile.inputs &+ column) &* pitch)
        } store: { row, column, value in
          y.store(value, at: (row &* size &+ column) &* 16)
        }
        forEachBlock(tileRow, tileColumn) { row, column, place in
          writer.write(
            (
              y.vector(at: place), y.vector(at: place &+ 16), y.vector(at: place &+ 16 &* size),
              y.vector(at: place &+ 16 &* size &+ 16)
            ), image: image, row: row, column: column, channel: k, lanes: 16, pools: pools)
        }
      }
    }
  }

  /// dM = A dY A^T of each tile.
  @inline(__always)
  private func readGradients(
    _ reader: BlockReader, _ tiles: Range<Int>, pools: Bool, biasGradient: UnsafeMutablePointer<Float>?
  ) {
    let (m, pitch, size) = (m.address, Self.pitch(chunk, filters), Tile.outputs)
    let dY = scratch.address + 16 * Tile.products
    for tile in tiles {
      let (image, tileRow, tileColumn) = position(tile)
      for k in stride(from: 0, to: filters, by: 16) {
        let target = m + ((tile &- tiles.lowerBound) &* filters &+ k)
        dY.update(repeating: 0, count: 16 &* size &* size)
        var sum = Vector.zero
        forEachBlock(tileRow, tileColumn) { row, column, place in
          let block = reader.read(image: image, row: row, column: column, channel: k, lanes: 16, pools: pools)
          dY.store(block.0, at: place)
          dY.store(block.1, at: place &+ 16)
          dY.store(block.2, at: place &+ 16 &* size)
          dY.store(block.3, at: place &+ 16 &* size &+ 16)
          sum += (block.0 + block.1) + (block.2 + block.3)
        }
        if let biasGradient { biasGradient.store(biasGradient.vector(at: k) + sum, at: k) }
        transform(Tile.OutputAdjoint.self, columns: size, rows: Tile.inputs) { row, column in
          dY.vector(at: (row &* size &+ column) &* 16)
        } store: { row, column, value in
          target.store(value, at: (row &* Tile.inputs &+ column) &* pitch)
        }
      }
    }
  }

  /// U = G g G^T of each channel and filter.
  private func transformWeights(_ weight: Span<Float>, transposed: Bool) {
    precondition(weight.count == geometry.depth * filters, "\(weight.count) weights")
    let (weight, u, size) = (weight.address, weights.address, channels * filters)
    for c in 0..<channels {
      for k in stride(from: 0, to: filters, by: 16) {
        transform(Tile.Filter.self, columns: 3, rows: Tile.inputs) { row, column in
          weight.vector(at: ((row &* 3 &+ column) &* channels &+ c) &* filters &+ k)
        } store: { row, column, value in
          let matrix = u + (row &* Tile.inputs &+ column) &* size
          if transposed {
            for lane in 0..<16 { matrix[(k &+ lane) &* channels &+ c] = value[lane] }
          } else {
            matrix.store(value, at: c &* filters &+ k)
          }
        }
      }
    }
  }

  /// dg = G^T dU G of each channel and filter.
  private func transformWeightGradients(into dWeight: inout MutableSpan<Float>) {
    precondition(dWeight.count == geometry.depth * filters, "\(dWeight.count) weights")
    let (dWeight, u, size) = (dWeight.address, weightGradients!.unsafeMemory.baseAddress!, channels * filters)
    for c in 0..<channels {
      for k in stride(from: 0, to: filters, by: 16) {
        transform(Tile.FilterAdjoint.self, columns: Tile.inputs, rows: 3) { row, column in
          u.vector(at: (row &* Tile.inputs &+ column) &* size &+ c &* filters &+ k)
        } store: { row, column, value in
          dWeight.store(value, at: ((row &* 3 &+ column) &* channels &+ c) &* filters &+ k)
        }
      }
    }
  }

  // MARK: Tiles

  @inline(__always)
  private func position(_ tile: Int) -> (image: Int, row: Int, column: Int) {
    let (line, column) = tile.quotientAndRemainder(dividingBy: columns)
    let (image, row) = line.quotientAndRemainder(dividingBy: rows)
    return (image, row, column)
  }

  /// Where a tile's inputs lie: offset of its first in the batch, possibly outside of the image, and which of
  /// its rows and columns are inside.
  @inline(__always)
  private func place(
    _ tile: Int
  ) -> (offset: Int, rows: Range<Int>, columns: Range<Int>, isInside: Bool) {
    let (image, row, column) = position(tile)
    let (height, width) = (geometry.input.height, geometry.input.width)
    let h = row &* Tile.outputs &- geometry.window.padding.height
    let w = column &* Tile.outputs &- geometry.window.padding.width
    let rows = max(-h, 0)..<max(min(height &- h, Tile.inputs), max(-h, 0))
    let columns = max(-w, 0)..<max(min(width &- w, Tile.inputs), max(-w, 0))
    return (
      ((image &* height &+ h) &* width &+ w) &* channels, rows, columns,
      rows.count == Tile.inputs && columns.count == Tile.inputs
    )
  }

  /// The blocks of a tile that are there, each with its first position's place in a tile of vectors.
  @inline(__always)
  private func forEachBlock(
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
