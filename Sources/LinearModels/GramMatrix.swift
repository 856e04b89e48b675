import Kernels
import Tensors

/// Products of rows of features with each other, in 64 bits.
enum GramMatrix {
  /// Puts X Y^T in a part of a matrix.
  ///
  /// - Parameters:
  ///   - x, y: rows of numbers in 64 bits, (m, columns) and (n, columns).
  ///   - target: where the first product goes.
  ///   - rowLength: how many numbers the matrix's rows are apart.
  static func multiply(
    _ x: Rows, _ y: Rows, into target: UnsafeMutablePointer<Double>, rowLength: Int
  ) {
    product(
      x.values.unsafeMemory.baseAddress!, y.values.unsafeMemory.baseAddress!, transposeB: true, target,
      rowOfC: rowLength, m: x.count, n: y.count, k: x.columns)
  }

  /// Rows of a table in 64 bits.
  struct Rows {
    let count: Int
    let columns: Int
    let values: SharedBuffer<Double>

    init(_ table: FeatureTable, _ rows: Range<Int>) {
      (count, columns) = (rows.count, table.columns)
      values = SharedBuffer(repeating: 0, count: rows.count, unit: table.columns)
      let source = table.values.unsafeMemory.baseAddress! + rows.lowerBound * columns
      let target = values.unsafeMemory.baseAddress!
      for index in 0..<count * columns { target[index] = Double(source[index]) }
    }
  }

  /// K = [A A^T, A B^T; B A^T, B B^T] of two classes, (a + b, a + b).
  ///
  /// - Parameters within: A A^T and B B^T.
  static func joined(
    _ a: Rows, _ b: Rows, within: (a: SharedBuffer<Double>, b: SharedBuffer<Double>),
    into gram: SharedBuffer<Double>
  ) {
    let count = a.count + b.count
    let target = gram.unsafeMemory.baseAddress!
    for row in 0..<a.count {
      (target + row * count).update(from: within.a.unsafeMemory.baseAddress! + row * a.count, count: a.count)
    }
    for row in 0..<b.count {
      (target + (a.count + row) * count + a.count).update(
        from: within.b.unsafeMemory.baseAddress! + row * b.count, count: b.count)
    }
    multiply(a, b, into: target + a.count, rowLength: count)
    for row in 0..<a.count {
      for column in 0..<b.count {
        target[(a.count + column) * count + row] = target[row * count + a.count + column]
      }
    }
  }

  /// A A^T, (rows, rows).
  static func within(_ rows: Rows) -> SharedBuffer<Double> {
    let gram = SharedBuffer<Double>(repeating: 0, count: rows.count, unit: rows.count)
    multiply(rows, rows, into: gram.unsafeMemory.baseAddress!, rowLength: rows.count)
    return gram
  }
}
