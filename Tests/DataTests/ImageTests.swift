import Data
import Files
import Foundation
import Tensors
import TestSupport
import Testing

/// Decoded and resized images, with Pillow as the judge.
@Suite struct ImageTests {
  @Test(.enabled(if: Python.isThere, Comment(rawValue: Python.hint)))
  func decodedPixelsArePillows() throws {
    try withPillow(
      """
      rgb, gray = Image.fromarray(noise(13, 17, 3)), Image.fromarray(noise(9, 5))
      images = {
        "rgb.png": (rgb, {}), "gray.png": (gray, {}), "bits.png": (gray.convert("1"), {}),
        "palette.png": (rgb.quantize(7), {}), "rgb.jpg": (Image.fromarray(smooth(31, 18)), {"quality": 90}),
        "gray.jpg": (gray, {"quality": 75}),
        "progressive.jpg": (rgb, {"progressive": True, "subsampling": 0}),
      }
      for name, (image, options) in images.items():
        save(name, image, **options)
        read = Image.open(sys.argv[1] + "/" + name)
        pixels(name + ".raw", read.convert("L" if "gray" in name or "bits" in name else "RGB"))
      """
    ) { directory in
      for name in [
        "rgb.png", "gray.png", "bits.png", "palette.png", "rgb.jpg", "gray.jpg", "progressive.jpg",
      ] {
        let image = try ImageFile.read(Path("\(directory)/\(name)"))
        #expect(try image.pixels == readFile("\(directory)/\(name).raw"), "\(name)")
        #expect(image.shape.channels == (name.hasPrefix("gray") || name.hasPrefix("bits") ? 1 : 3))
      }
    }
  }

  /// 16 bits are rounded to 8, transparency is laid over white, interlaced images are whole.
  @Test(.enabled(if: Python.isThere, Comment(rawValue: Python.hint)))
  func pngsOfEveryKind() throws {
    try withPillow(
      """
      deep = random.integers(0, 65536, (6, 7), dtype=np.uint16)
      save("deep.png", Image.fromarray(deep))
      pixels("deep.raw", np.floor(deep / 257 + 0.5).astype(np.uint8))
      clear = noise(6, 7, 4)
      save("clear.png", Image.fromarray(clear))
      alpha = clear[..., 3:].astype(int)
      pixels("clear.raw", ((clear[..., :3] * alpha + 255 * (255 - alpha) + 127) // 255).astype(np.uint8))
      """
    ) { directory in
      for name in ["deep", "clear"] {
        let image = try ImageFile.read(Path("\(directory)/\(name).png"))
        #expect(try image.pixels == readFile("\(directory)/\(name).raw"), "\(name)")
      }
    }
  }

  @Test(.enabled(if: Python.isThere, Comment(rawValue: Python.hint)))
  func resizedPixelsArePillows() throws {
    let sizes = [(28, 28), (7, 50), (64, 20), (1, 1), (33, 41), (200, 3), (25, 38), (40, 200), (30, 35)]
    try withPillow(
      """
      rgb = Image.fromarray(noise(33, 41, 3))
      save("rgb.png", rgb)
      for height, width in \(sizes.map { [$0.0, $0.1] }):
        pixels(f"rgb-{height}-{width}", rgb.resize((width, height), Image.Resampling.BILINEAR))
        pixels(f"gray-{height}-{width}", rgb.convert("L").resize((width, height), Image.Resampling.BILINEAR))
      """
    ) { directory in
      let image = try ImageFile.read(Path("\(directory)/rgb.png"))
      for (height, width) in sizes {
        for (name, channels) in [("rgb", 3), ("gray", 1)] {
          let expected = try readFile("\(directory)/\(name)-\(height)-\(width)")
          let own = image.fitted(to: Shape(height, width, channels))
          let difference = zip(own, expected).reduce(0) { max($0, abs(Int($1.0) - Int($1.1))) }
          #expect(own == expected, "\(name) \(height)x\(width): \(difference)")
          #expect(
            image.fitted(to: Shape(height, width, channels), invert: true) == own.map { 255 - $0 })
        }
      }
    }
  }

  @Test func grayBecomesColor() {
    let gray = DecodedImage(shape: Shape(1, 2, 1), pixels: [3, 200])
    #expect(gray.fitted(to: Shape(1, 2, 3)) == [3, 3, 3, 200, 200, 200])
    let color = DecodedImage(shape: Shape(1, 3, 3), pixels: [255, 0, 0, 0, 255, 0, 0, 0, 255])
    #expect(color.fitted(to: Shape(1, 3, 1)) == [76, 150, 29])
  }

  /// No truncation and no damage crashes; truncated images are refused, and whole ones are not.
  @Test(.enabled(if: Python.isThere, Comment(rawValue: Python.hint)))
  func damagedImagesDoNoHarm() throws {
    try withPillow(
      """
      image = Image.fromarray(smooth(20, 24))
      save("a.png", image)
      save("b.png", image.quantize(16))
      save("c.jpg", image, quality=80)
      save("d.jpg", image, progressive=True)
      """
    ) { directory in
      var random = RandomStream(seed: 1, purpose: .initialization)
      for name in ["a.png", "b.png", "c.jpg", "d.jpg"] {
        let whole = try readFile("\(directory)/\(name)")
        _ = try ImageFile.decode(whole, path: name)
        for length in 0..<whole.count - (name.hasSuffix("png") ? 12 : 2) {
          #expect(throws: DataError.self, "\(name), \(length) of \(whole.count) bytes") {
            try ImageFile.decode(Array(whole[..<length]), path: name)
          }
        }
        var refused = 0
        for _ in 0..<2000 {
          var damaged = whole
          for _ in 0...random.integer(below: 4) {
            damaged[random.integer(below: whole.count)] ^= 1 << UInt8(random.integer(below: 8))
          }
          do { _ = try ImageFile.decode(damaged, path: name) } catch { refused += 1 }
        }
        #expect(refused > 200 && refused <= 2000, "\(name): \(refused)")
      }
    }
  }

  /// Photographs, each damaged in some ways.
  @Test(
    .enabled(if: hasPhotographs, "no images in ../shared/data/images"))
  func damagedPhotographsDoNoHarm() throws {
    let files = ImageFile.list(in: Path(photographs)).files.prefix(200)
    #expect(!files.isEmpty)
    var random = RandomStream(seed: 2, purpose: .initialization)
    for file in files {
      let whole = try readFile(file.text)
      let image = try ImageFile.decode(whole, path: file.text)
      #expect(image.fitted(to: Shape(28, 28, 1)).count == 784)
      for _ in 0..<10 {
        var damaged = Array(whole[..<(1 + random.integer(below: whole.count))])
        damaged[random.integer(below: damaged.count)] ^= 1 << UInt8(random.integer(below: 8))
        if let read = try? ImageFile.decode(damaged, path: file.text) {
          #expect(read.pixels.count == read.shape.count)
        }
      }
    }
  }

  /// Headers that promise more than there is are refused before memory is taken.
  @Test func bombsAreRefused() throws {
    func chunk(_ type: String, _ data: [UInt8]) -> [UInt8] {
      let body = Array(type.utf8) + data
      var crc: UInt32 = 0xFFFF_FFFF
      for byte in body {
        crc ^= UInt32(byte)
        for _ in 0..<8 { crc = crc & 1 == 1 ? crc >> 1 ^ 0xEDB8_8320 : crc >> 1 }
      }
      func bigEndian(_ value: UInt32) -> [UInt8] {
        (0..<4).map { UInt8(truncatingIfNeeded: value >> (24 - 8 * $0)) }
      }
      return bigEndian(UInt32(data.count)) + body + bigEndian(~crc)
    }
    func png(_ width: [UInt8], _ height: [UInt8]) -> [UInt8] {
      [0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A] + chunk("IHDR", width + height + [8, 2, 0, 0, 0])
        + chunk("IDAT", [0x78, 0x9C]) + chunk("IEND", [])
    }
    func problem(_ bytes: [UInt8]) -> String {
      do {
        _ = try ImageFile.decode(bytes, path: "f")
        return ""
      } catch {
        return error.description
      }
    }
    #expect(
      problem(png([0, 0, 0xFF, 0xFF], [0, 0, 0xFF, 0xFF])).contains(
        "expected an image of 1 to 134217728 pixels"))
    #expect(
      problem(png([0, 0, 0x20, 0], [0, 0, 0x20, 0])).contains(
        "8192x8192 pixels, as its header says, found only"))
    #expect(
      problem(png([0, 0, 0, 0], [0, 0, 0, 1])).contains(
        "f: expected a whole PNG image, found \"Invalid IHDR data\""))
    let jpeg: [UInt8] = [
      0xFF, 0xD8, 0xFF, 0xC0, 0, 11, 8, 0x20, 0, 0x20, 0, 1, 1, 0x11, 0, 0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 63, 0,
    ]
    #expect(problem(jpeg).contains("8192x8192 pixels, as its header says, found only"), "\(problem(jpeg))")
    #expect(problem([]) == "f: expected a PNG or JPEG image, found an empty file")
  }
}
