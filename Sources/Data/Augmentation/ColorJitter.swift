import Glibc
import Tensors

/// Random changes of brightness, contrast, saturation and hue in random order: `ColorJitter` of torchvision, with the
/// arithmetic of Pillow 13, which rounds to bytes after each.
package struct ColorJitter: Codable, Equatable, Sendable {
  /// Factors are drawn from max(0, 1 - x)...1 + x.
  package let brightness: Float
  package let contrast: Float
  package let saturation: Float
  /// The hue is turned by -x...x of the whole circle.
  package let hue: Float

  package init(brightness: Float, contrast: Float, saturation: Float, hue: Float = 0) {
    precondition(hue >= 0 && hue <= 0.5, "hue \(hue)")
    (self.brightness, self.contrast, self.saturation, self.hue) = (brightness, contrast, saturation, hue)
  }

  /// One of the changes, with what was drawn for it.
  package enum Change: Equatable, Sendable {
    case brightness(Float)
    case contrast(Float)
    case saturation(Float)
    case hue(Float)
  }

  /// Draws the changes, in their order.
  package func changes(_ random: inout RandomStream) -> [Change] {
    func factor(_ strength: Float) -> Float { random.uniform(max(0, 1 - strength), 1 + strength) }
    var changes: [Change] = []
    if brightness > 0 { changes.append(.brightness(factor(brightness))) }
    if contrast > 0 { changes.append(.contrast(factor(contrast))) }
    if saturation > 0 { changes.append(.saturation(factor(saturation))) }
    if hue > 0 { changes.append(.hue(random.uniform(-hue, hue))) }
    for last in stride(from: changes.count - 1, to: 0, by: -1) {
      changes.swapAt(last, random.integer(below: last + 1))
    }
    return changes
  }

  /// Makes a change.
  ///
  /// - Parameter pixels: (pixels, channels) of 1 or 3 channels; gray has neither saturation nor hue.
  package static func apply(_ change: Change, to pixels: inout MutableSpan<UInt8>, channels: Int) {
    switch change {
    case .brightness(let factor):
      for index in pixels.indices { pixels[index] = blend(0, pixels[index], factor) }
    case .contrast(let factor):
      var sum = 0
      for pixel in stride(from: 0, to: pixels.count, by: channels) {
        sum += Int(gray(pixels, pixel, channels))
      }
      let mean = UInt8(Double(sum) / Double(pixels.count / channels) + 0.5)
      for index in pixels.indices { pixels[index] = blend(mean, pixels[index], factor) }
    case .saturation(let factor):
      guard channels == 3 else { return }
      for pixel in stride(from: 0, to: pixels.count, by: 3) {
        let gray = gray(pixels, pixel, 3)
        for channel in pixel..<pixel + 3 { pixels[channel] = blend(gray, pixels[channel], factor) }
      }
    case .hue(let turn):
      guard channels == 3 else { return }
      let steps = UInt8(truncatingIfNeeded: Int(turn * 255))
      for pixel in stride(from: 0, to: pixels.count, by: 3) {
        var color = HSV(red: pixels[pixel], green: pixels[pixel + 1], blue: pixels[pixel + 2])
        color.hue &+= steps
        (pixels[pixel], pixels[pixel + 1], pixels[pixel + 2]) = color.rgb
      }
    }
  }

  /// ITU-R BT.601, rounded as Pillow does.
  private static func gray(_ pixels: borrowing MutableSpan<UInt8>, _ place: Int, _ channels: Int) -> UInt8 {
    guard channels == 3 else { return pixels[place] }
    let (r, g, b) = (Int(pixels[place]), Int(pixels[place + 1]), Int(pixels[place + 2]))
    return UInt8((r * 19_595 + g * 38_470 + b * 7_471 + 0x8000) >> 16)
  }

  /// from + factor (to - from), cut to bytes.
  private static func blend(_ from: UInt8, _ to: UInt8, _ factor: Float) -> UInt8 {
    let value = Float(from) + factor * (Float(to) - Float(from))
    return value <= 0 ? 0 : value >= 255 ? 255 : UInt8(value)
  }
}

extension ColorJitter: CustomStringConvertible {
  /// Strengths, separated by commas: one for brightness, contrast and saturation, or three, or four with the hue.
  ///
  /// - Returns: nil for anything else.
  package init?(_ text: String) {
    let numbers = text.split(separator: ",", omittingEmptySubsequences: false).map { Float($0) ?? -1 }
    guard [1, 3, 4].contains(numbers.count), numbers.allSatisfy({ $0 >= 0 && $0.isFinite }),
      numbers.count < 4 || numbers[3] <= 0.5
    else { return nil }
    self.init(
      brightness: numbers[0], contrast: numbers.count > 1 ? numbers[1] : numbers[0],
      saturation: numbers.count > 1 ? numbers[2] : numbers[0], hue: numbers.count > 3 ? numbers[3] : 0)
  }

  package var description: String {
    let numbers = [brightness, contrast, saturation] + (hue > 0 ? [hue] : [])
    return numbers.map { "\($0)" }.joined(separator: ",")
  }
}

/// A color by hue, saturation and value, 0 to 255 each, as Pillow converts to and from them.
private struct HSV {
  var hue: UInt8
  var saturation: UInt8
  var value: UInt8

  init(red: UInt8, green: UInt8, blue: UInt8) {
    let (most, least) = (max(red, green, blue), min(red, green, blue))
    value = most
    guard most > least else {
      (hue, saturation) = (0, 0)
      return
    }
    let range = Float(most - least)
    let (r, g, b) = (Float(most - red) / range, Float(most - green) / range, Float(most - blue) / range)
    let sixth: Float =
      if red == most {
        b - g
      } else if green == most {
        Float(2.0 + Double(r) - Double(b))
      } else {
        Float(4.0 + Double(g) - Double(r))
      }
    let turn = Float(fmod(Double(sixth) / 6 + 1, 1))
    hue = UInt8(Double(turn) * 255)
    saturation = UInt8(Double(range / Float(most)) * 255)
  }

  var rgb: (UInt8, UInt8, UInt8) {
    guard saturation > 0 else { return (value, value, value) }
    let place = Double(Float(hue)) * 6 / 255
    let sixth = Int(place)
    let rest = Double(Float(place - Double(sixth)))
    let (s, v) = (Double(Float(Double(saturation) / 255)), Double(value))
    func byte(_ number: Double) -> UInt8 { UInt8(min(max(number.rounded(.toNearestOrAwayFromZero), 0), 255)) }
    let (p, q, t) = (byte(v * (1 - s)), byte(v * (1 - s * rest)), byte(v * (1 - s * (1 - rest))))
    return switch sixth % 6 {
    case 0: (value, t, p)
    case 1: (q, value, p)
    case 2: (p, value, t)
    case 3: (p, q, value)
    case 4: (t, p, value)
    default: (value, p, q)
    }
  }
}
