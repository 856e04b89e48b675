import Data
import Files
import Tensors
import TestSupport
import Testing

@Suite struct OrientationTests {
  /// All orientations of JPEG and PNG images, in both byte orders, are turned as Pillow does.
  @Test(.enabled(if: Python.isThere, Comment(rawValue: Python.hint)))
  func imagesAreTurnedAsPillowDoes() throws {
    try withPillow(
      """
      import struct
      def exif(orientation, order):
        return b"Exif\\0\\0" + {"<": b"II", ">": b"MM"}[order] + struct.pack(
          order + "HIHHHIIHHIHHI", 42, 8, 2, 0x0100, 4, 1, 5, 0x0112, 3, 1, orientation, 0, 0)
      for orientation in range(1, 9):
        for order, letter in (("<", "I"), (">", "M")):
          for ending in ("png", "jpg"):
            name = f"{letter}{orientation}.{ending}"
            save(name, Image.fromarray(smooth(9, 14)), exif=exif(orientation, order))
            assert saved(name).getexif()[0x0112] == orientation
            pixels(name + ".upright", ImageOps.exif_transpose(saved(name)))
            pixels(name + ".stored", saved(name))
      """
    ) { directory in
      for orientation in 1...8 {
        for name in [
          "I\(orientation).png", "M\(orientation).png", "I\(orientation).jpg", "M\(orientation).jpg",
        ] {
          let path = Path("\(directory)/\(name)")
          let upright = try ImageFile.read(path)
          #expect(try upright.pixels == readFile("\(path).upright"), "\(name)")
          #expect(upright.shape == (orientation < 5 ? Shape(9, 14, 3) : Shape(14, 9, 3)), "\(name)")
          let stored = try ImageFile.read(path, .stored)
          #expect(
            try stored.pixels == readFile("\(path).stored") && stored.shape == Shape(9, 14, 3), "\(name)")
        }
      }
    }
  }

  @Test(.enabled(if: Python.isThere, Comment(rawValue: Python.hint)))
  func aWrongChecksumIsDamage() throws {
    try withPillow(
      """
      exif = Image.Exif()
      exif[0x0112] = 6
      save("a.png", Image.fromarray(smooth(3, 5)), exif=exif)
      """
    ) { directory in
      var bytes = try readFile("\(directory)/a.png")
      #expect(try ImageFile.decode(bytes, path: "a.png").shape == Shape(5, 3, 3))
      let name = try #require(bytes.indices.first { bytes[$0...].starts(with: Array("eXIf".utf8)) })
      bytes[name + 4 + (Int(bytes[name - 1]))] ^= 1
      #expect(try ImageFile.decode(bytes, path: "a.png").shape == Shape(3, 5, 3))
    }
  }

  /// Exif data of any damage do no harm, and those that say nothing turn nothing.
  @Test(.enabled(if: Python.isThere, Comment(rawValue: Python.hint)))
  func damagedExifIsIgnored() throws {
    try withPillow("save(\"a.jpg\", Image.fromarray(smooth(3, 5)))") { directory in
      let whole = try readFile("\(directory)/a.jpg")
      func shape(_ exif: [UInt8]) throws -> Shape {
        let body = Array("Exif\0\0".utf8) + exif
        let length = body.count + 2
        let segment = [0xFF, 0xE1, UInt8(length >> 8), UInt8(length & 0xFF)] + body
        return try ImageFile.decode(Array(whole[..<2]) + segment + whole[2...], path: "a.jpg").shape
      }
      let header: [UInt8] = [0x49, 0x49, 42, 0, 8, 0, 0, 0, 1, 0]
      let good = header + [0x12, 1, 3, 0, 1, 0, 0, 0, 6, 0, 0, 0]
      #expect(try shape(good) == Shape(5, 3, 3))
      #expect(try shape(header + [0x12, 1, 4, 0, 1, 0, 0, 0, 6, 0, 0, 0]) == Shape(5, 3, 3), "a long number")
      let harmless: [[UInt8]] = [
        [], Array(good[..<4]), Array(good[..<9]), Array(good[..<19]),
        header + [0x12, 1, 3, 0, 1, 0, 0, 0, 9, 0, 0, 0], header + [0x12, 1, 3, 0, 0, 0, 0, 0, 6, 0, 0, 0],
        header + [0x12, 1, 2, 0, 1, 0, 0, 0, 6, 0, 0, 0], [0x49, 0x4D] + good[2...],
        [0x49, 0x49, 43, 0] + good[4...], [0x49, 0x49, 42, 0, 255, 255, 255, 255] + good[8...],
        [0x49, 0x49, 42, 0, 0, 0, 0, 0] + good[8...],
        [0x49, 0x49, 42, 0, 8, 0, 0, 0, 255, 255, 0x13] + good[11...],
      ]
      for exif in harmless { #expect(try shape(exif) == Shape(3, 5, 3), "\(exif)") }
      var random = RandomStream(seed: 3, purpose: .initialization)
      for _ in 0..<2000 {
        var damaged = Array(good.prefix(random.integer(below: good.count + 1)))
        for place in damaged.indices where random.integer(below: 4) == 0 {
          damaged[place] = UInt8(random.integer(below: 256))
        }
        #expect([Shape(3, 5, 3), Shape(5, 3, 3)].contains(try shape(damaged)))
      }
    }
  }
}
