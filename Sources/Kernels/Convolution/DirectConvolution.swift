import Tensors

/// The convolution of few input channels, such as a network's first, straight from the image: a block of 2 x
/// 2 outputs and 16 filters is summed up in registers and handed to the tail, so that neither columns nor
/// unpooled outputs are ever written. There is no gradient of the input.
///
/// Its arithmetic intensity comes from the registers: each vector of filter weights serves eight positions.
final class DirectConvolution: ConvolutionKernel {
  private let geometry: ConvolutionGeometry
  private let blocks: OutputBlocks
  /// Filter weights, or their gradients, as (ceil(K / 16), elements, 16), filled up with zeros.
  private let packed: AlignedBuffer<Float>
  /// KH * KW * C, rounded up to a multiple of `GradientSums.count`.
  private let elements: Int
  /// The image with its padding, where there is any.
  private let padded: AlignedBuffer<Float>
  /// Offset of each filter element from the window's first.
  private let offsets: AlignedBuffer<Int>

  init(_ geometry: ConvolutionGeometry, _ tail: ConvolutionTail) {
    precondition(Self.fits(geometry), "a direct convolution of \(geometry)")
    self.geometry = geometry
    blocks = OutputBlocks(geometry.output, tail)
    elements = Self.elements(geometry)
    packed = AlignedBuffer(count: (geometry.output.channels + 15) / 16 * 16 * elements)
    padded = AlignedBuffer(count: Self.paddedCount(geometry))
    offsets = AlignedBuffer(repeating: 0, count: elements)
    let (window, channels) = (geometry.window, geometry.input.channels)
    let pitch = Self.paddedWidth(geometry) * channels
    for row in 0..<window.size.height {
      for column in 0..<window.size.width {
        let place = row * window.dilation.height * pitch + column * window.dilation.width * channels
        let element = (row * window.size.width + column) * channels
        for c in 0..<channels { offsets.address[element + c] = place + c }
      }
    }
  }

  static func fits(_ geometry: ConvolutionGeometry) -> Bool { geometry.groups == 1 }

  private static func paddedWidth(_ geometry: ConvolutionGeometry) -> Int {
    let padding = geometry.window.padding
    return padding.before.width + geometry.input.width + padding.after.width
  }

  /// Elements of an image with its padding; 0 where there is none.
  private static func paddedCount(_ geometry: ConvolutionGeometry) -> Int {
    let padding = geometry.window.padding
    let rows = padding.before.height + geometry.input.height + padding.after.height
    return padding == Padding2D(0) ? 0 : rows * paddedWidth(geometry) * geometry.input.channels
  }

  private static func elements(_ geometry: ConvolutionGeometry) -> Int {
    let group = GradientSums.count
    return (geometry.depth + group - 1) / group * group
  }

  /// Bytes that a convolution holds, about: packed weights and an image with its padding.
  static func memory(_ geometry: ConvolutionGeometry) -> Double {
    let weights = Double((geometry.output.channels + 15) / 16 * 16) * Double(elements(geometry))
    return 4 * (weights + Double(paddedCount(geometry))) + 8 * Double(elements(geometry))
  }

  func forward(
    _ x: Span<Float>, count: Int, weight: Span<Float>, bias: Span<Float>, into y: inout MutableSpan<Float>,
    winners: inout MutableSpan<Int32>
  ) {
    precondition(x.count == count * geometry.input.count, "\(x.count) inputs for \(count) images")
    pack(weight)
    let writer = BlockWriter(blocks, bias: bias, y: &y, winners: &winners)
    let filters = geometry.output.channels
    for image in 0..<count {
      let pixels = imageWithPadding(x, image)
      for k in stride(from: 0, to: filters, by: 16) {
        let weights = UnsafePointer(packed.address + k * elements)
        blocks.specialized(lanes: min(16, filters - k)) { pools, lanes in
          forwardImage(pixels, image, weights, writer, channel: k, lanes: lanes, pools: pools)
        }
      }
    }
  }

  func backward(
    _ x: Span<Float>, y: Span<Float>, winners: Span<Int32>, dY: inout MutableSpan<Float>, count: Int,
    weight: Span<Float>, dWeight: inout MutableSpan<Float>, dBias: inout MutableSpan<Float>,
    dX: inout MutableSpan<Float>
  ) {
    precondition(dX.isEmpty, "a direct convolution has no gradient of its input")
    precondition(x.count == count * geometry.input.count, "\(x.count) inputs for \(count) images")
    let reader = BlockReader(blocks, y: y, dY: dY.span, winners: winners)
    let (depth, filters) = (geometry.depth, geometry.output.channels)
    packed.unsafeMemory.update(repeating: 0)
    dBias.update(repeating: 0)
    let biasGradient = dBias.isEmpty ? nil : dBias.address
    for image in 0..<count {
      let pixels = imageWithPadding(x, image)
      for k in stride(from: 0, to: filters, by: 16) {
        for first in stride(from: 0, to: depth, by: GradientSums.count) {
          blocks.specialized(lanes: min(16, filters - k)) { pools, lanes in
            backwardImage(
              pixels, image, reader, channel: k, lanes: lanes, pools: pools, first: first,
              biasGradient: first == 0 ? biasGradient : nil)
          }
        }
      }
    }
    unpack(into: &dWeight)
  }

  // MARK: Inner loops

  /// Places of a block's four positions in the image; one that is not there stands at its neighbour's.
  @inline(__always)
  private func positions(
    _ pixels: UnsafePointer<Float>, row: Int, column: Int
  ) -> (UnsafePointer<Float>, UnsafePointer<Float>, UnsafePointer<Float>, UnsafePointer<Float>) {
    let channels = geometry.input.channels
    let padding = geometry.window.padding
    let pitch = (padding.before.width &+ geometry.input.width &+ padding.after.width) &* channels
    let right = geometry.window.stride.width &* channels
    let below = geometry.window.stride.height &* pitch
    let whole = blocks.isWhole(row: row, column: column)
    let first = pixels + (2 &* row &* below &+ 2 &* column &* right)
    let (toRight, toBelow) = (whole.columns ? right : 0, whole.rows ? below : 0)
    return (first, first + toRight, first + toBelow, first + (toRight &+ toBelow))
  }

  @inline(__always)
  private func forwardImage(
    _ pixels: UnsafePointer<Float>, _ image: Int, _ weights: UnsafePointer<Float>, _ writer: BlockWriter,
    channel k: Int, lanes: Int, pools: Bool
  ) {
    let (columns, total, depth) = (blocks.columns, blocks.rows * blocks.columns, geometry.depth)
    let offsets = UnsafePointer(offsets.address)
    var block = 0
    while block < total {
      let other = min(block &+ 1, total &- 1)
      let (row, column) = block.quotientAndRemainder(dividingBy: columns)
      let (otherRow, otherColumn) = other.quotientAndRemainder(dividingBy: columns)
      let a = positions(pixels, row: row, column: column)
      let b = positions(pixels, row: otherRow, column: otherColumn)
      var (a0, a1, a2, a3) = (Vector.zero, Vector.zero, Vector.zero, Vector.zero)
      var (b0, b1, b2, b3) = (Vector.zero, Vector.zero, Vector.zero, Vector.zero)
      for element in 0..<depth {
        let weight = weights.vector(at: element &* 16)
        let offset = offsets[element]
        a0.addProduct(weight, Vector(repeating: a.0[offset]))
        a1.addProduct(weight, Vector(repeating: a.1[offset]))
        a2.addProduct(weight, Vector(repeating: a.2[offset]))
        a3.addProduct(weight, Vector(repeating: a.3[offset]))
        b0.addProduct(weight, Vector(repeating: b.0[offset]))
        b1.addProduct(weight, Vector(repeating: b.1[offset]))
        b2.addProduct(weight, Vector(repeating: b.2[offset]))
        b3.addProduct(weight, Vector(repeating: b.3[offset]))
      }
      writer.write(
        (a0, a1, a2, a3), image: image, row: row, column: column, channel: k, lanes: lanes, pools: pools)
      if other > block {
        writer.write(
          (b0, b1, b2, b3), image: image, row: otherRow, column: otherColumn, channel: k, lanes: lanes,
          pools: pools)
      }
      block &+= 2
    }
  }

  /// Adds an image's part to the gradients of filter elements `first`..<`first + GradientSums.count`.
  @inline(__always)
  private func backwardImage(
    _ pixels: UnsafePointer<Float>, _ image: Int, _ reader: BlockReader, channel k: Int, lanes: Int,
    pools: Bool, first: Int, biasGradient: UnsafeMutablePointer<Float>?
  ) {
    let offsets = UnsafePointer(offsets.address + first)
    var (sums, biasSum) = (GradientSums(), Vector.zero)
    for row in 0..<blocks.rows {
      for column in 0..<blocks.columns {
        let (gradients, sum) = reader.read(
          image: image, row: row, column: column, channel: k, lanes: lanes, pools: pools)
        let places = positions(pixels, row: row, column: column)
        sums.add(gradients.0, places.0, offsets)
        sums.add(gradients.1, places.1, offsets)
        sums.add(gradients.2, places.2, offsets)
        sums.add(gradients.3, places.3, offsets)
        biasSum += sum
      }
    }
    sums.store(addingTo: packed.address + (k * elements + first * 16))
    if let biasGradient {
      biasGradient.store(biasGradient.vector(at: k, lanes: lanes) + biasSum, at: k, lanes: lanes)
    }
  }

  // MARK: Preparation

  private func pack(_ weight: Span<Float>) {
    let (depth, filters) = (geometry.depth, geometry.output.channels)
    precondition(weight.count == depth * filters, "\(weight.count) weights")
    let (weight, packed) = (weight.address, packed.address)
    for k in stride(from: 0, to: filters, by: 16) {
      for element in 0..<depth {
        packed.store(
          weight.vector(at: element * filters + k, lanes: min(16, filters - k)),
          at: k * elements + element * 16)
      }
    }
  }

  private func unpack(into dWeight: inout MutableSpan<Float>) {
    let (depth, filters) = (geometry.depth, geometry.output.channels)
    precondition(dWeight.count == depth * filters, "\(dWeight.count) weights")
    let (dWeight, packed) = (dWeight.address, packed.address)
    for k in stride(from: 0, to: filters, by: 16) {
      for element in 0..<depth {
        dWeight.store(
          packed.vector(at: k * elements + element * 16), at: element * filters + k,
          lanes: min(16, filters - k))
      }
    }
  }

  /// Address of the image, or of its copy with padding.
  private func imageWithPadding(_ x: Span<Float>, _ image: Int) -> UnsafePointer<Float> {
    let source = x.address + image * geometry.input.count
    let padding = geometry.window.padding
    guard padding != Padding2D(0) else { return source }
    let run = geometry.input.width * geometry.input.channels
    let pitch = Self.paddedWidth(geometry) * geometry.input.channels
    let first =
      padded.address + padding.before.height * pitch + padding.before.width * geometry.input.channels
    for row in 0..<geometry.input.height {
      copy(source + row * run, to: first + row * pitch, count: run)
    }
    return UnsafePointer(padded.address)
  }
}

/// Gradients of nine filter elements, for sixteen filters each, summed in registers.
private struct GradientSums {
  static let count = 9

  private var (s0, s1, s2) = (Vector.zero, Vector.zero, Vector.zero)
  private var (s3, s4, s5) = (Vector.zero, Vector.zero, Vector.zero)
  private var (s6, s7, s8) = (Vector.zero, Vector.zero, Vector.zero)

  /// Adds the gradient of an output times the inputs at `offsets` from `place`.
  @inline(__always)
  mutating func add(_ gradient: Vector, _ place: UnsafePointer<Float>, _ offsets: UnsafePointer<Int>) {
    s0.addProduct(gradient, Vector(repeating: place[offsets[0]]))
    s1.addProduct(gradient, Vector(repeating: place[offsets[1]]))
    s2.addProduct(gradient, Vector(repeating: place[offsets[2]]))
    s3.addProduct(gradient, Vector(repeating: place[offsets[3]]))
    s4.addProduct(gradient, Vector(repeating: place[offsets[4]]))
    s5.addProduct(gradient, Vector(repeating: place[offsets[5]]))
    s6.addProduct(gradient, Vector(repeating: place[offsets[6]]))
    s7.addProduct(gradient, Vector(repeating: place[offsets[7]]))
    s8.addProduct(gradient, Vector(repeating: place[offsets[8]]))
  }

  /// - Parameter target: (9, 16).
  func store(addingTo target: UnsafeMutablePointer<Float>) {
    func keep(_ sum: Vector, _ index: Int) {
      target.store(target.vector(at: index * 16) + sum, at: index * 16)
    }
    keep(s0, 0)
    keep(s1, 1)
    keep(s2, 2)
    keep(s3, 3)
    keep(s4, 4)
    keep(s5, 5)
    keep(s6, 6)
    keep(s7, 7)
    keep(s8, 8)
  }
}
