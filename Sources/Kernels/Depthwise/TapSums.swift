import CCPU
import Tensors

/// The sums of `TapAxis` over rows and columns, for each channel of an image by a filter of its own.
///
/// They do so little arithmetic per input that they are bound by memory. Sixteen channels at a time keep their
/// filter in registers along a row; every output is summed up in a register and written once, and while one
/// part of an image is worked on, the next one is asked for in the order of memory.
struct TapSums {
  let rows: TapAxis
  let columns: TapAxis
  let channels: Int
  /// Columns all of whose taps find an input.
  let interior: Range<Int>

  init(rows: TapAxis, columns: TapAxis, channels: Int) {
    (self.rows, self.columns, self.channels) = (rows, columns, channels)
    interior = columns.interior
  }

  /// What is summed up, and where the sums go.
  struct Images {
    /// (inputs of `rows`, inputs of `columns`, C).
    let source: UnsafePointer<Float>
    /// (KH, KW, C).
    let weight: UnsafePointer<Float>
    let filterWidth: Int
    /// (C), or nil for none.
    let bias: UnsafePointer<Float>?
    /// What sums are cut off at.
    let bounds: ActivationBounds
    /// Rows of `targetWidth` pixels of C.
    let target: UnsafeMutablePointer<Float>
    let targetWidth: Int
  }

  /// Writes the outputs of some of the rows.
  func write(_ range: Range<Int>, _ images: Images) {
    switch max(rows.taps, columns.taps) {
    case _ where channels < 16: writeAny(range, images)
    case 0...3: write(range, images, Frame3.self)
    case 4...5: write(range, images, Frame5.self)
    default: writeAny(range, images)
    }
  }

  private func write<Size: FrameSize>(_ range: Range<Int>, _ images: Images, _ size: Size.Type) {
    for block in 0..<(channels + 15) / 16 { write(range, images, block: block, size) }
  }

  @inline(never)
  private func write<Size: FrameSize>(
    _ range: Range<Int>, _ images: Images, block: Int, _ size: Size.Type
  ) {
    let c = firstChannel(ofBlock: block, of: channels)
    let steps = FrameSteps(row: rows.step &* columns.inputs &* channels, column: columns.step &* channels)
    let (stride, spacing) = (columns.stride &* channels, columns.spacing &* channels)
    let bias = images.bias?.vector(at: c) ?? Vector.zero
    let bounds = images.bounds
    let frame = FilterFrame<Size>(
      images.weight + ((rows.firstElement &* images.filterWidth &+ columns.firstElement) &* channels &+ c),
      rows: rows.taps, rowStep: rows.elementStep &* images.filterWidth &* channels,
      columns: columns.taps, columnStep: columns.elementStep &* channels)
    let all = (UInt64(1) &<< UInt64(truncatingIfNeeded: columns.taps)) &- 1
    var ahead = linesAhead(range, images, block)
    for row in range {
      let present = rows.inside(row)
      var place = images.source + (input(row) &* channels &+ c)
      var output = images.target + (self.output(row, images) &* channels &+ c)
      var column = 0
      while column < columns.outputs {
        if column == interior.lowerBound && columns.taps == Size.size {
          while column &+ 1 < interior.upperBound && columns.step == columns.stride {
            let sums = frame.pair(bias, place, steps, rows: present)
            output.store(bounds.clamp(sums.0), at: 0)
            output.store(bounds.clamp(sums.1), at: spacing)
            place += 2 &* stride
            output += 2 &* spacing
            column &+= 2
            ahead.prefetch()
            ahead.prefetch()
          }
          while column < interior.upperBound {
            let sum = frame.sum(bias, place, steps, rows: present, columns: ~0)
            output.store(bounds.clamp(sum), at: 0)
            place += stride
            output += spacing
            column &+= 1
            ahead.prefetch()
          }
          if column == columns.outputs { break }
        }
        let mask = interior.contains(column) ? all : columns.inside(column)
        let sum = frame.sum(bias, place, steps, rows: present, columns: mask)
        output.store(bounds.clamp(sum), at: 0)
        place += stride
        output += spacing
        column &+= 1
        ahead.prefetch()
      }
    }
  }

  /// `write` of any number of taps and channels, output by output.
  private func writeAny(_ range: Range<Int>, _ images: Images) {
    let bounds = images.bounds
    for row in range {
      for column in 0..<columns.outputs {
        let place = output(row, images) &+ column &* columns.spacing
        forEachChannelBlock(of: channels) { _, c, lanes in
          var sum = images.bias?.vector(at: c, lanes: lanes) ?? Vector.zero
          for i in 0..<rows.taps {
            for j in 0..<columns.taps {
              guard let input = input(row, i, column, j) else { continue }
              let kh = rows.firstElement &+ i &* rows.elementStep
              let kw = columns.firstElement &+ j &* columns.elementStep
              sum.addProduct(
                images.weight.vector(
                  at: (kh &* images.filterWidth &+ kw) &* channels &+ c, lanes: lanes),
                images.source.vector(at: input &* channels &+ c, lanes: lanes))
            }
          }
          let written = bounds.clamp(sum)
          images.target.store(written, at: place &* channels &+ c, lanes: lanes)
        }
      }
    }
  }

  // MARK: Places

  /// The pixel that the first taps of a row's first output would find, possibly outside of the image.
  @inline(__always)
  func input(_ row: Int) -> Int {
    (row &* rows.stride &+ rows.origin) &* columns.inputs &+ columns.origin
  }

  /// The pixel that a pair of taps of an output finds.
  @inline(__always)
  func input(_ row: Int, _ rowTap: Int, _ column: Int, _ columnTap: Int) -> Int? {
    let h = row &* rows.stride &+ rows.origin &+ rowTap &* rows.step
    let w = column &* columns.stride &+ columns.origin &+ columnTap &* columns.step
    return h >= 0 && h < rows.inputs && w >= 0 && w < columns.inputs ? h &* columns.inputs &+ w : nil
  }

  /// The pixel of a row's first output.
  @inline(__always)
  private func output(_ row: Int, _ images: Images) -> Int {
    (rows.first &+ row &* rows.spacing) &* images.targetWidth &+ columns.first
  }

  /// What a block of channels asks for: its share of the inputs and outputs of the rows behind `range`.
  private func linesAhead(_ range: Range<Int>, _ images: Images, _ block: Int) -> LinesAhead {
    // Sums with other remainders write the same rows, each asks for a share.
    let blocks = (channels + 15) / 16
    let share = (rows.first * columns.spacing + columns.first) * blocks + block
    let outputRow = range.upperBound * rows.spacing
    var ahead = inputsAhead(range, images.source, block)
    ahead.writing = UnsafeMutableRawPointer(
      images.target
        + (outputRow * images.targetWidth * channels + share * range.count * columns.outputs * 16))
    return ahead
  }

  /// What a block of channels asks for of the inputs of the rows behind `range`.
  func inputsAhead(_ range: Range<Int>, _ source: UnsafePointer<Float>, _ block: Int) -> LinesAhead {
    let perOutput = rows.stride * columns.stride
    let row = max(range.upperBound * rows.stride + rows.origin, 0)
    let share = block * range.count * columns.outputs * perOutput * 16
    return LinesAhead(
      reading: UnsafeRawPointer(source + (row * columns.inputs * channels + share)), readPerOutput: perOutput)
  }
}

/// Memory that is asked for ahead of its use, some cache lines with every output.
struct LinesAhead {
  var reading: UnsafeRawPointer
  /// Lines from one output's to the next one's; four of them are asked for where it is more than one.
  let readPerOutput: Int
  var writing: UnsafeMutableRawPointer?

  @inline(__always)
  mutating func prefetch() {
    ccpu_prefetch(reading)
    if readPerOutput > 1 {
      ccpu_prefetch(reading + 64)
      ccpu_prefetch(reading + 128)
      ccpu_prefetch(reading + 192)
    }
    reading += 64 &* readPerOutput
    if let line = writing {
      ccpu_prefetch_to_write(line)
      writing = line + 64
    }
  }
}

/// The first of the 16 channels of a block. The last block overlaps the one before where it must, so what is
/// written of a block must not depend on what another one wrote.
@inline(__always)
func firstChannel(ofBlock block: Int, of channels: Int) -> Int { min(block &* 16, channels &- 16) }

/// Calls `body` for each block of 16 channels, see `firstChannel`; of fewer than 16 once, with less `lanes`.
@inline(__always)
func forEachChannelBlock(of channels: Int, _ body: (_ block: Int, _ first: Int, _ lanes: Int) -> Void) {
  guard channels >= 16 else { return body(0, 0, channels) }
  for block in 0..<(channels + 15) / 16 { body(block, firstChannel(ofBlock: block, of: channels), 16) }
}
