import Tensors

/// The two-dimensional transforms between tensors and the matrices of the products. Each works on 16 channels
/// of a tile at a time.
extension WinogradConvolution {
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
  func transformInputs(_ x: UnsafePointer<Float>, _ tiles: Range<Int>) {
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
  func addInputGradients(to dX: UnsafeMutablePointer<Float>, _ tiles: Range<Int>) {
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
  func writeOutputs(_ writer: BlockWriter, _ tiles: Range<Int>, pools: Bool) {
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
  func readGradients(
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
          let (block, blockSum) = reader.read(
            image: image, row: row, column: column, channel: k, lanes: 16, pools: pools)
          dY.store(block.0, at: place)
          dY.store(block.1, at: place &+ 16)
          dY.store(block.2, at: place &+ 16 &* size)
          dY.store(block.3, at: place &+ 16 &* size &+ 16)
          sum += blockSum
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
  func transformWeights(_ weight: Span<Float>, transposed: Bool) {
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
  func transformWeightGradients(into dWeight: inout MutableSpan<Float>) {
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
}
