import Glibc
import Tensors

/// Handwritten-looking digits, made from a seed: no download, no files, and different for every seed.
///
/// A digit is a glyph of some strokes whose points are moved at random; it is slanted, turned, stretched,
/// bent by a smooth field (elastic distortion), brought to MNIST's size and place (20 pixels, centre of mass
/// in the middle) and drawn with a pen of random width. An image is a pure function of (seed, part, index):
/// any rank can make any of them.
package struct SyntheticDigits: Sendable {
  package static let shape = Shape(28, 28, 1)
  package static let classes = 10
  private let seed: UInt64
  private let part: DataPart

  package init(_ part: DataPart, seed: UInt64) {
    self.part = part
    self.seed = seed
  }

  /// Draws image `index` over `pixels`, (28, 28, 1), and returns its label.
  package func draw(_ index: Int, into pixels: inout MutableSpan<UInt8>) -> UInt8 {
    var random = RandomStream(
      seed: seed, purpose: .syntheticDigits, time: part == .train ? 0 : 1, index: index)
    let digit = random.integer(below: Self.classes)
    let glyph = Self.pick(Glyph.digits[digit], &random)
    var strokes = glyph.strokes.map { smooth(jitter($0, &random)) }
    distort(&strokes, &random)
    let pen = Pen(&random)
    place(&strokes, pen, &random)
    render(strokes, pen, &random, into: &pixels)
    return UInt8(digit)
  }

  private static func pick(_ glyphs: [Glyph], _ random: inout RandomStream) -> Glyph {
    var rest = random.uniform() * glyphs.reduce(0) { $0 + $1.weight }
    for glyph in glyphs {
      rest -= glyph.weight
      if rest < 0 { return glyph }
    }
    return glyphs[0]
  }

  /// Moves the points at random, corners as a whole.
  private func jitter(_ points: [SIMD2<Float>], _ random: inout RandomStream) -> [SIMD2<Float>] {
    let spread: Float = 0.05
    var moved: [SIMD2<Float>] = []
    for (index, point) in points.enumerated() {
      if index > 0 && point == points[index - 1] {
        moved.append(moved[index - 1])
      } else {
        moved.append(point + spread * SIMD2(random.normal(), random.normal()))
      }
    }
    return moved
  }

  /// A Catmull-Rom curve through the points, as a polygon line.
  private func smooth(_ points: [SIMD2<Float>]) -> [SIMD2<Float>] {
    let pieces = 6
    var curve = [points[0]]
    for index in 0..<points.count - 1 where points[index] != points[index + 1] {
      let (b, c) = (points[index], points[index + 1])
      let a = index > 0 ? points[index - 1] : b
      let d = index + 2 < points.count ? points[index + 2] : c
      for piece in 1...pieces {
        let t = Float(piece) / Float(pieces)
        let linear = 2 * b + t * (c - a)
        let square = t * t * (2 * a - 5 * b + 4 * c - d)
        let cube = t * t * t * (3 * b - a - 3 * c + d)
        curve.append(0.5 * (linear + square + cube))
      }
    }
    return curve
  }

  /// Stretches, slants and turns the strokes, and bends them by a smooth random field.
  private func distort(_ strokes: inout [[SIMD2<Float>]], _ random: inout RandomStream) {
    let aspect = 0.75 * exp2f(0.4 * random.normal())
    let bend = SIMD2(random.uniform(-0.5, 0.5), random.uniform(-0.6, 0.6))
    let slant = 0.12 + 0.22 * random.normal()
    let angle = 0.12 * random.normal()
    let (sine, cosine) = (sinf(angle), cosf(angle))
    let waves = (0..<3).map { _ in
      Wave(
        direction: SIMD2(random.normal(), random.normal()) * 2.5, phase: random.uniform(0, 2 * .pi),
        amplitude: SIMD2(random.normal(), random.normal()) * 0.05)
    }
    for stroke in strokes.indices {
      for index in strokes[stroke].indices {
        var point = strokes[stroke][index]
        point += bend * point * (1 - point)
        for wave in waves { point += wave.amplitude * sinf((wave.direction * point).sum() + wave.phase) }
        let x = (point.x - 0.5) * aspect - slant * (point.y - 0.5)
        let y = point.y - 0.5
        strokes[stroke][index] = SIMD2(cosine * x - sine * y, sine * x + cosine * y)
      }
    }
  }

  private struct Wave {
    let direction: SIMD2<Float>
    let phase: Float
    let amplitude: SIMD2<Float>
  }

  private struct Pen {
    let radius: Float
    let softness: Float
    let strength: Float

    init(_ random: inout RandomStream) {
      radius = max(0.5, 1.3 + 0.45 * random.normal())
      softness = random.uniform(0.9, 1.5)
      strength = random.uniform(0.85, 1.1)
    }
  }

  /// Scales the strokes with the pen's width to MNIST's box of 20 x 20 pixels, and puts the centre of their
  /// ink in the middle of the image.
  private func place(_ strokes: inout [[SIMD2<Float>]], _ pen: Pen, _ random: inout RandomStream) {
    var low = SIMD2<Float>(repeating: .infinity)
    var high = SIMD2<Float>(repeating: -.infinity)
    for point in strokes.joined() {
      low = pointwiseMin(low, point)
      high = pointwiseMax(high, point)
    }
    let size = max((high - low).max(), 0.1)
    let scale = (20 - 2 * pen.radius) / size * random.uniform(0.93, 1.03)
    var centre = SIMD2<Float>.zero
    var length: Float = 0
    for stroke in strokes {
      for (a, b) in zip(stroke, stroke.dropFirst()) {
        let step = ((b - a) * (b - a)).sum().squareRoot()
        centre += step * (a + b) / 2
        length += step
      }
    }
    centre /= max(length, 1e-6)
    let middle = SIMD2<Float>(13.5, 13.5) + 0.4 * SIMD2(random.normal(), random.normal())
    for stroke in strokes.indices {
      for index in strokes[stroke].indices {
        strokes[stroke][index] = (strokes[stroke][index] - centre) * scale + middle
      }
    }
  }

  private func render(
    _ strokes: [[SIMD2<Float>]], _ pen: Pen, _ random: inout RandomStream,
    into pixels: inout MutableSpan<UInt8>
  ) {
    var raster = StrokeRaster(side: 28)
    for stroke in strokes {
      for (a, b) in zip(stroke, stroke.dropFirst()) {
        raster.draw(from: a, to: b, radius: pen.radius, softness: pen.softness, strength: pen.strength)
      }
    }
    let noise = random.uniform(0, 0.08)
    for index in pixels.indices {
      let ink = raster.ink[index]
      let value = ink > 0 ? ink + noise * random.normal() : 0
      pixels[index] = UInt8(min(max(value, 0), 1) * 255)
    }
  }
}
