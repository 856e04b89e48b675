/// The number of rows and columns that a `FilterFrame` holds: a constant, so that all cells are registers.
protocol FrameSize {
  static var size: Int { get }
}

enum Frame3: FrameSize {
  static var size: Int { 3 }
}

enum Frame5: FrameSize {
  static var size: Int { 5 }
}

/// A vector for each cell of a filter of up to 3 x 3 or 5 x 5 cells: its weights, or their gradients.
///
/// Transparent functions are inlined without regard to their size, which `@inline(__always)` has: a frame is
/// registers only where nothing takes it as an argument.
struct FilterFrame<Size: FrameSize> {
  var (r0, r1, r2) = (FrameRow<Size>(), FrameRow<Size>(), FrameRow<Size>())
  var (r3, r4) = (FrameRow<Size>(), FrameRow<Size>())

  /// Reads `rows` x `columns` cells; others are 0.
  @_transparent
  init(_ cells: UnsafePointer<Float>, rows: Int, rowStep: Int, columns: Int, columnStep: Int) {
    if rows > 0 { r0.load(cells, columns, columnStep) }
    if rows > 1 { r1.load(cells + rowStep, columns, columnStep) }
    if rows > 2 { r2.load(cells + 2 &* rowStep, columns, columnStep) }
    if Size.size > 3 {
      if rows > 3 { r3.load(cells + 3 &* rowStep, columns, columnStep) }
      if rows > 4 { r4.load(cells + 4 &* rowStep, columns, columnStep) }
    }
  }

  /// start + the cells in `rows` and `columns`, bit by bit, times the inputs below them.
  @_transparent
  func sum(
    _ start: Vector, _ place: UnsafePointer<Float>, _ steps: FrameSteps, rows: UInt64, columns: UInt64
  ) -> Vector {
    var sum = start
    if rows & 1 != 0 { r0.add(to: &sum, place, steps.column, columns) }
    if rows & 2 != 0 { r1.add(to: &sum, place + steps.row, steps.column, columns) }
    if rows & 4 != 0 { r2.add(to: &sum, place + 2 &* steps.row, steps.column, columns) }
    if Size.size > 3 {
      if rows & 8 != 0 { r3.add(to: &sum, place + 3 &* steps.row, steps.column, columns) }
      if rows & 16 != 0 { r4.add(to: &sum, place + 4 &* steps.row, steps.column, columns) }
    }
    return sum
  }

  /// `sum` of all columns for two outputs whose inputs are one cell apart, so that they share most loads.
  @_transparent
  func pair(
    _ start: Vector, _ place: UnsafePointer<Float>, _ steps: FrameSteps, rows: UInt64
  ) -> (Vector, Vector) {
    var sums = (start, start)
    if rows & 1 != 0 { r0.addPair(to: &sums, place, steps.column) }
    if rows & 2 != 0 { r1.addPair(to: &sums, place + steps.row, steps.column) }
    if rows & 4 != 0 { r2.addPair(to: &sums, place + 2 &* steps.row, steps.column) }
    if Size.size > 3 {
      if rows & 8 != 0 { r3.addPair(to: &sums, place + 3 &* steps.row, steps.column) }
      if rows & 16 != 0 { r4.addPair(to: &sums, place + 4 &* steps.row, steps.column) }
    }
    return sums
  }

  /// Adds the gradient of an output times the inputs below the cells in `rows` and `columns` to these.
  @_transparent
  mutating func add(
    _ gradient: Vector, _ place: UnsafePointer<Float>, _ steps: FrameSteps, rows: UInt64, columns: UInt64
  ) {
    if rows & 1 != 0 { r0.add(gradient, place, steps.column, columns) }
    if rows & 2 != 0 { r1.add(gradient, place + steps.row, steps.column, columns) }
    if rows & 4 != 0 { r2.add(gradient, place + 2 &* steps.row, steps.column, columns) }
    if Size.size > 3 {
      if rows & 8 != 0 { r3.add(gradient, place + 3 &* steps.row, steps.column, columns) }
      if rows & 16 != 0 { r4.add(gradient, place + 4 &* steps.row, steps.column, columns) }
    }
  }

  /// Writes `rows` x `columns` cells.
  @_transparent
  func store(_ cells: UnsafeMutablePointer<Float>, rows: Int, rowStep: Int, columns: Int, columnStep: Int) {
    if rows > 0 { r0.store(cells, columns, columnStep) }
    if rows > 1 { r1.store(cells + rowStep, columns, columnStep) }
    if rows > 2 { r2.store(cells + 2 &* rowStep, columns, columnStep) }
    if Size.size > 3 {
      if rows > 3 { r3.store(cells + 3 &* rowStep, columns, columnStep) }
      if rows > 4 { r4.store(cells + 4 &* rowStep, columns, columnStep) }
    }
  }
}

/// Distances in the input between the cells of a filter.
struct FrameSteps {
  let row: Int
  let column: Int
}

/// One row of a `FilterFrame`.
struct FrameRow<Size: FrameSize> {
  var (c0, c1, c2) = (Vector.zero, Vector.zero, Vector.zero)
  var (c3, c4) = (Vector.zero, Vector.zero)

  @_transparent
  init() {}

  @_transparent
  mutating func load(_ cells: UnsafePointer<Float>, _ columns: Int, _ step: Int) {
    if columns > 0 { c0 = cells.vector(at: 0) }
    if columns > 1 { c1 = cells.vector(at: step) }
    if columns > 2 { c2 = cells.vector(at: 2 &* step) }
    if Size.size > 3 {
      if columns > 3 { c3 = cells.vector(at: 3 &* step) }
      if columns > 4 { c4 = cells.vector(at: 4 &* step) }
    }
  }

  @_transparent
  func add(to sum: inout Vector, _ place: UnsafePointer<Float>, _ step: Int, _ columns: UInt64) {
    if columns & 1 != 0 { sum.addProduct(c0, place.vector(at: 0)) }
    if columns & 2 != 0 { sum.addProduct(c1, place.vector(at: step)) }
    if columns & 4 != 0 { sum.addProduct(c2, place.vector(at: 2 &* step)) }
    if Size.size > 3 {
      if columns & 8 != 0 { sum.addProduct(c3, place.vector(at: 3 &* step)) }
      if columns & 16 != 0 { sum.addProduct(c4, place.vector(at: 4 &* step)) }
    }
  }

  @_transparent
  func addPair(to sums: inout (Vector, Vector), _ place: UnsafePointer<Float>, _ step: Int) {
    let (x1, x2) = (place.vector(at: step), place.vector(at: 2 &* step))
    let x3 = place.vector(at: 3 &* step)
    sums.0.addProduct(c0, place.vector(at: 0))
    sums.1.addProduct(c0, x1)
    sums.0.addProduct(c1, x1)
    sums.1.addProduct(c1, x2)
    sums.0.addProduct(c2, x2)
    sums.1.addProduct(c2, x3)
    if Size.size > 3 {
      let x4 = place.vector(at: 4 &* step)
      sums.0.addProduct(c3, x3)
      sums.1.addProduct(c3, x4)
      sums.0.addProduct(c4, x4)
      sums.1.addProduct(c4, place.vector(at: 5 &* step))
    }
  }

  @_transparent
  mutating func add(_ gradient: Vector, _ place: UnsafePointer<Float>, _ step: Int, _ columns: UInt64) {
    if columns & 1 != 0 { c0.addProduct(gradient, place.vector(at: 0)) }
    if columns & 2 != 0 { c1.addProduct(gradient, place.vector(at: step)) }
    if columns & 4 != 0 { c2.addProduct(gradient, place.vector(at: 2 &* step)) }
    if Size.size > 3 {
      if columns & 8 != 0 { c3.addProduct(gradient, place.vector(at: 3 &* step)) }
      if columns & 16 != 0 { c4.addProduct(gradient, place.vector(at: 4 &* step)) }
    }
  }

  @_transparent
  func store(_ cells: UnsafeMutablePointer<Float>, _ columns: Int, _ step: Int) {
    if columns > 0 { cells.store(c0, at: 0) }
    if columns > 1 { cells.store(c1, at: step) }
    if columns > 2 { cells.store(c2, at: 2 &* step) }
    if Size.size > 3 {
      if columns > 3 { cells.store(c3, at: 3 &* step) }
      if columns > 4 { cells.store(c4, at: 4 &* step) }
    }
  }
}
