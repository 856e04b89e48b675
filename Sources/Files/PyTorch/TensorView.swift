/// The numbers of a file that one or more tensors are views of, as a pickle declares them.
struct PyTorchStorage: Equatable {
  let type: PyTorchType
  /// The name of its numbers in the file.
  let key: String
  /// The numbers that the file has under `key`.
  let count: Int
  /// Those of them that it is: all, but for views of storages in files of the old format.
  let range: Range<Int>
}

/// A tensor as a pickle has it: a storage, the first number in it, and the tuples of sizes and strides.
struct PickledTensor {
  let storage: Int
  let offset: Int
  let sizes: Int
  let strides: Int
}

/// Which numbers of a storage a tensor has: number (i, j, ...) is at offset + i * strides[0] + j * strides[1] + ...
struct TensorView {
  let offset: Int
  let sizes: [Int]
  let strides: [Int]
  /// Of its numbers.
  let count: Int

  /// The most dimensions that PyTorch's tensors may have.
  private static let mostDimensions = 64

  /// What is wrong with a view: an expectation and what was found.
  struct Fault: Error {
    let expected: String
    let found: String
  }

  /// - Parameter available: numbers in the storage; the view lies within them.
  init(offset: Int, sizes: [Int], strides: [Int], of available: Int) throws(Fault) {
    guard sizes.count <= Self.mostDimensions else {
      throw Fault(
        expected: "a tensor of at most \(Self.mostDimensions) dimensions", found: "\(sizes.count)")
    }
    guard sizes.count == strides.count else {
      throw Fault(expected: "a stride for each of \(sizes.count) sizes", found: "\(strides.count)")
    }
    guard offset >= 0, sizes.allSatisfy({ $0 >= 0 }), strides.allSatisfy({ $0 >= 0 }) else {
      throw Fault(
        expected: "an offset, sizes and strides of at least 0",
        found: "offset \(offset), sizes \(sizes), strides \(strides)")
    }
    self.offset = offset
    self.sizes = sizes
    self.strides = strides
    count = try Self.count(sizes)
    guard count == 0 || Self.last(offset, sizes, strides).map({ $0 < available }) == true else {
      throw Fault(
        expected: "a tensor within the \(available) numbers of its storage",
        found: "offset \(offset), sizes \(sizes), strides \(strides)")
    }
  }

  /// All numbers of an array without gaps.
  ///
  /// - Parameters:
  ///   - sizes: whose product has been found to be no overflow.
  ///   - isFortran: numbers that differ in the first index are neighbours, not those that differ in the last one.
  init(whole sizes: [Int], isFortran: Bool) {
    var (strides, stride) = ([Int](repeating: 0, count: sizes.count), 1)
    for axis in isFortran ? Array(sizes.indices) : sizes.indices.reversed() {
      strides[axis] = stride
      // Where a size is 0 the others may be of any size.
      stride &*= sizes[axis]
    }
    (offset, self.sizes, self.strides, count) = (0, sizes, strides, sizes.reduce(1, &*))
  }

  private static func count(_ sizes: [Int]) throws(Fault) -> Int {
    var (count, overflow) = (1, false)
    for size in sizes where !overflow { (count, overflow) = count.multipliedReportingOverflow(by: size) }
    guard !overflow else { throw Fault(expected: "a tensor that memory can hold", found: "sizes \(sizes)") }
    return count
  }

  /// The place of the last number of a view that has any; nil where it overflows.
  private static func last(_ offset: Int, _ sizes: [Int], _ strides: [Int]) -> Int? {
    var last = offset
    for (size, stride) in zip(sizes, strides) {
      let (distance, isTooFar) = (size - 1).multipliedReportingOverflow(by: stride)
      let (sum, overflow) = last.addingReportingOverflow(distance)
      guard !isTooFar, !overflow else { return nil }
      last = sum
    }
    return last
  }
}

extension TensorView {
  /// Its numbers in row-major order, from the little-endian ones of a storage, wherever those lie.
  func gather<Bits: FixedWidthInteger & BitwiseCopyable, Number>(
    _ bytes: RawSpan, _ number: (Bits) -> Number
  ) -> [Number] {
    guard count > 0 else { return [] }
    let width = MemoryLayout<Bits>.size
    let available = bytes.byteCount / width
    precondition(Self.last(offset, sizes, strides)! < available, "\(self) in \(available) numbers")
    let (sizes, strides) = merged
    let (rowSize, rowStride) = (sizes.last ?? 1, (strides.last ?? 1) * width)
    var rows = Rows(start: offset, sizes: sizes.dropLast(), strides: strides.dropLast())
    return [Number](unsafeUninitializedCapacity: count) { numbers, filled in
      repeat {
        let (target, start) = (numbers.baseAddress! + filled, rows.start * width)
        for index in 0..<rowSize {
          // The last number is within the span, as checked above, so that all are.
          let bits = unsafe bytes.unsafeLoadUnaligned(
            fromUncheckedByteOffset: start + index * rowStride, as: Bits.self)
          (target + index).initialize(to: number(Bits(littleEndian: bits)))
        }
        filled += rowSize
      } while rows.advance()
    }
  }

  /// Sizes and strides of the same numbers in the same order with as few dimensions as possible: one where the
  /// tensor is contiguous.
  private var merged: (sizes: [Int], strides: [Int]) {
    var result: (sizes: [Int], strides: [Int]) = ([], [])
    for (size, stride) in zip(sizes, strides) where size != 1 {
      let last = result.sizes.count - 1
      if last >= 0, result.strides[last] == size * stride {
        result.sizes[last] *= size
        result.strides[last] = stride
      } else {
        result.sizes.append(size)
        result.strides.append(stride)
      }
    }
    return result
  }
}

/// The places in a storage where the rows of a tensor begin, in order: all indices but the last count as an odometer
/// does.
private struct Rows {
  private(set) var start: Int
  let sizes: ArraySlice<Int>
  let strides: ArraySlice<Int>
  private var place: [Int]

  init(start: Int, sizes: ArraySlice<Int>, strides: ArraySlice<Int>) {
    (self.start, self.sizes, self.strides) = (start, sizes, strides)
    place = [Int](repeating: 0, count: sizes.count)
  }

  /// Goes to the next row; false behind the last one.
  mutating func advance() -> Bool {
    for axis in place.indices.reversed() {
      place[axis] += 1
      start += strides[axis]
      if place[axis] < sizes[axis] { return true }
      start -= sizes[axis] * strides[axis]
      place[axis] = 0
    }
    return false
  }
}
