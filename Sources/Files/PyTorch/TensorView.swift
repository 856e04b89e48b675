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
    let (sizes, strides) = merged
    let (rowSize, rowStride) = (sizes.last ?? 1, strides.last ?? 1)
    var place = [Int](repeating: 0, count: max(sizes.count - 1, 0))
    var start = offset
    return [Number](unsafeUninitializedCapacity: count) { numbers, filled in
      while true {
        for index in 0..<rowSize {
          let byte = (start + index * rowStride) * MemoryLayout<Bits>.size
          let bits = unsafe bytes.unsafeLoadUnaligned(fromByteOffset: byte, as: Bits.self)
          (numbers.baseAddress! + filled + index).initialize(to: number(Bits(littleEndian: bits)))
        }
        filled += rowSize
        // The next row, as an odometer counts.
        var axis = place.count - 1
        while axis >= 0 {
          place[axis] += 1
          start += strides[axis]
          if place[axis] < sizes[axis] { break }
          start -= sizes[axis] * strides[axis]
          place[axis] = 0
          axis -= 1
        }
        if axis < 0 { break }
      }
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
