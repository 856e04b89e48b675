import Data
import Files
import Foundation
import TestSupport
import Testing

@Suite struct JPEGTests {
  private func problem(_ bytes: [UInt8]) -> String {
    do {
      _ = try ImageFile.decode(bytes, path: "f")
      return ""
    } catch {
      return error.description
    }
  }

  /// Photographs of all sizes and subsamplings have Pillow's pixels, to the bit.
  @Test(.enabled(if: Python.isThere && hasPhotographs, "no Python or no images in ../shared/data/images"))
  func photographsArePillows() throws {
    let files = [photographs, "\(packageRoot)/../shared/data/pets"].flatMap {
      ImageFile.list(in: Path($0)).files.prefix(40)
    }
    try withTemporaryDirectory { directory in
      _ = try Python.run(
        """
        import sys, numpy as np
        from PIL import Image
        for index, path in enumerate(sys.argv[2:]):
          image = Image.open(path)
          np.asarray(image.convert("L" if image.mode == "L" else "RGB")).tofile(f"{sys.argv[1]}/{index}")
        """, [directory] + files.map(\.text))
      for (index, file) in files.enumerated() {
        #expect(try ImageFile.read(file, .stored).pixels == readFile("\(directory)/\(index)"), "\(file)")
      }
    }
  }

  /// Subsamplings of colors, restart markers, and inks of Adobe's and others: Pillow's pixels, to the bit.
  @Test(.enabled(if: Python.isThere, Comment(rawValue: Python.hint)))
  func unusualFilesArePillows() throws {
    try withPillow(
      """
      def judge(name):
        pixels(name + ".raw", saved(name).convert("RGB"))
      image = Image.fromarray(smooth(37, 51))
      for subsampling in ("4:4:4", "4:2:2", "4:2:0", "4:1:1"):
        save(subsampling.replace(":", "") + ".jpg", image, subsampling=subsampling)
        judge(subsampling.replace(":", "") + ".jpg")
      save("restarts.jpg", image, restart_marker_blocks=2)
      judge("restarts.jpg")
      save("colors.jpg", image, keep_rgb=True)
      judge("colors.jpg")
      inks = Image.fromarray(noise(24, 33, 4), mode="CMYK")
      save("cmyk.jpg", inks, quality=95)
      judge("cmyk.jpg")
      whole = open(sys.argv[1] + "/cmyk.jpg", "rb").read()
      place = whole.index(b"Adobe")
      def change(name, replace):
        open(sys.argv[1] + "/" + name, "wb").write(replace)
        judge(name)
      change("ycck.jpg", whole[:place + 11] + bytes([2]) + whole[place + 12:])
      change("plain.jpg", whole[:place - 4] + whole[place + 12:])
      """
    ) { directory in
      for name in [
        "444", "422", "420", "411", "restarts", "colors", "cmyk", "ycck", "plain",
      ] {
        let image = try ImageFile.read(Path("\(directory)/\(name).jpg"))
        let expected = try readFile("\(directory)/\(name).jpg.raw")
        #expect(image.pixels == expected && image.shape.channels == 3, "\(name)")
        #expect(Set(expected).count > 100, "\(name)")
      }
    }
  }

  /// What whole files of some cameras and editors have is let pass, and hides no damage behind it.
  @Test(.enabled(if: Python.isThere, Comment(rawValue: Python.hint)))
  func odditiesAreNoDamage() throws {
    try withPillow(
      """
      save("a.jpg", Image.fromarray(smooth(40, 48)), quality=90)
      save("b.jpg", Image.fromarray(smooth(40, 48)), quality=90, progressive=True)
      save("c.jpg", Image.fromarray(noise(24, 33, 4), mode="CMYK"))
      """
    ) { directory in
      for name in ["a.jpg", "b.jpg", "c.jpg"] {
        let whole = try readFile("\(directory)/\(name)")
        let pixels = try ImageFile.decode(whole, path: name).pixels
        let adobe = whole.indices.first { whole[$0...].starts(with: Array("Adobe".utf8)) }
        var odd: [String: [UInt8]] = ["junk in front": Array(whole[..<2]) + [1, 2, 3] + whole[2...]]
        odd["junk at the end"] = whole.dropLast(2) + [1, 2, 3] + whole.suffix(2)
        odd["junk behind"] = whole + [1, 2, 3]
        if let adobe { odd["transform"] = Array(whole[..<(adobe + 11)]) + [7] + whole[(adobe + 12)...] }
        if adobe == nil { odd["JFIF 3"] = Array(whole[..<11]) + [3] + whole[12...] }
        for (oddity, bytes) in odd where oddity != "transform" {
          #expect(try ImageFile.decode(bytes, path: name).pixels == pixels, "\(name), \(oddity)")
        }
        if let bytes = odd["transform"] { #expect(problem(bytes) == "", "\(name)") }
        for (oddity, bytes) in odd {
          let cut = Array(bytes.prefix(bytes.count * 3 / 4))
          #expect(problem(cut).contains("expected a whole JPEG image"), "\(name), \(oddity)")
          var damaged = bytes
          for place in bytes.count * 3 / 4..<bytes.count * 3 / 4 + 6 { damaged[place] = 0xFF }
          // A progressive file has tables there, in which damage need not show.
          if oddity != "junk at the end" && name != "b.jpg" {
            #expect(problem(damaged).contains("expected a whole JPEG image"), "\(name), \(oddity)")
          }
        }
      }
    }
  }

  /// Scans cost time, so that a file of nothing but scans is refused.
  @Test(.enabled(if: Python.isThere, Comment(rawValue: Python.hint)))
  func scansAreLimited() throws {
    try withPillow("save(\"a.jpg\", Image.fromarray(smooth(16, 16)), progressive=True)") { directory in
      let whole = try readFile("\(directory)/a.jpg")
      let last = try #require(whole.indices.last { whole[$0...].starts(with: [0xFF, 0xDA]) })
      let scan = whole[last..<whole.count - 2]
      let many = Array(whole[..<last]) + (0..<600).flatMap { _ in scan } + [0xFF, 0xD9]
      #expect(problem(many).contains("has more than 500 scans"), "\(problem(many))")
    }
  }

  @Test func otherFilesAreNamed() {
    for (start, expected) in [
      ("GIF89a", "found a GIF image; convert it to one of these"),
      ("<html>", "found an HTML page; the download went wrong"),
      ("PK\u{3}\u{4}", "found a zip archive; unpack it first"), ("text", "begins with [116, 101, 120, 116]"),
    ] {
      let text = problem(Array(start.utf8))
      #expect(text.hasPrefix("f: expected a PNG or JPEG image, found") && text.contains(expected), "\(text)")
    }
    #expect(problem([0x89, 0x50]).contains("expected a whole PNG image"))
    #expect(problem([0xFF, 0xD8]).contains("expected a whole JPEG image"))
  }
}

let photographs = "\(packageRoot)/../shared/data/images"
let hasPhotographs = FileManager.default.fileExists(atPath: photographs)
