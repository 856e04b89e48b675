import Files
import Foundation
import TestSupport
import Testing

@Suite struct FileKindTests {
  private func name(_ text: String) -> String? {
    FileKind(of: text.unicodeScalars.map { UInt8($0.value) })?.name
  }

  @Test(
    arguments: [
      ("PK\u{3}\u{4}" + String(repeating: "\0", count: 26) + "photo.png", "a zip archive"),
      ("PK\u{5}\u{6}", "a zip archive"), ("PK\u{3}\u{4}", "a zip archive"),
      ("\u{1F}\u{8B}\u{8}", "gzip data"), ("BZh9", "bzip2 data"), ("\u{89}PNG\r\n", "a PNG image"),
      ("\u{FF}\u{D8}\u{FF}\u{E0}", "a JPEG image"), ("GIF89a", "a GIF image"),
      ("RIFF\u{1}\u{2}\u{3}\u{4}WEBPVP8 ", "a WebP image"), ("RIFF\u{1}\u{2}\u{3}\u{4}WAVE", nil),
      ("BM\u{9}\u{9}\0\0\0\0\0\0", "a BMP image"), ("BMxxxxxxxxx", nil), ("II*\0", "a TIFF image"),
      ("\0\0\0\u{18}ftypheic", "a HEIC image"), ("%PDF-1.7", "a PDF document"),
      ("\u{89}HDF\r\n\u{1A}\n", "an HDF5 file"), ("\u{93}NUMPY\u{1}", "a NumPy .npy file"),
      ("\n <!DOCTYPE HTML>", "an HTML page"), ("\u{EF}\u{BB}\u{BF}<html>", "an HTML page"),
      ("<?xml version", "an XML document"), ("<svg xmlns", "an SVG image"), (" {\"a\": 1}", "a JSON text"),
      ("\u{2}\0\0\0\0\0\0\0{}", "a safetensors file"), ("\u{2}\0\0\0\0\0\0\u{1}{}", nil),
      ("\u{80}\u{2}\0\0\0\0\0\0{}", "a safetensors file"),
      ("\u{1F}\u{8B}\0\0\0\0\0\0{}", "a safetensors file"),
      ("version https://git-lfs.github.com/spec/v1", "a pointer of Git LFS"),
      ("\u{80}\u{4}\u{95}", "a Python pickle"), ("\0\0\u{8}\u{3}\0", "an IDX file"), ("", nil), ("text", nil),
    ] as [(String, String?)])
  func firstBytesTell(_ start: String, _ expected: String?) { #expect(name(start) == expected) }

  @Test func tarIsToldByItsMiddle() {
    let header = [UInt8](repeating: 0x61, count: 257) + Array("ustar\0".utf8)
    #expect(FileKind(of: header)?.name == "a tar archive" && FileKind(of: header.dropLast(2)) == nil)
  }

  @Test func whatToDoIsSaid() {
    #expect(FileKind(of: Array("PK\u{3}\u{4}".utf8))?.hint == "unpack it first")
    #expect(FileKind(of: Array("<html>".utf8))?.hint == "the download went wrong: fetch the file itself")
    #expect(FileKind(of: Array("GIF89a".utf8)).map { $0.hint == nil } == true)
  }

  @Test(.enabled(if: Python.isThere, Comment(rawValue: Python.hint)))
  func filesOfPythonAreTold() throws {
    try withTemporaryDirectory { directory in
      _ = try Python.run(
        """
        import sys, pickle, zipfile, numpy, torch
        path = sys.argv[1] + "/"
        torch.save({"a": torch.ones(3)}, path + "new.pt")
        torch.save({"a": torch.ones(3)}, path + "old.pt", _use_new_zipfile_serialization=False)
        numpy.savez(path + "a.npz", a=numpy.ones(3))
        numpy.savez_compressed(path + "b.npz", numpy.ones(3))
        numpy.save(path + "a.npy", numpy.ones(3))
        for protocol in range(2, 6): pickle.dump([1, 2, 3], open(f"{path}{protocol}.pkl", "wb"), protocol)
        zipfile.ZipFile(path + "a.zip", "w").writestr("a.txt", "text")
        """, [directory])
      for (file, expected) in [
        ("new.pt", "a PyTorch file"), ("old.pt", "a PyTorch file of an old format"),
        ("a.npz", "a NumPy .npz archive"), ("b.npz", "a NumPy .npz archive"), ("a.npy", "a NumPy .npy file"),
        ("2.pkl", "a Python pickle"), ("3.pkl", "a Python pickle"), ("4.pkl", "a Python pickle"),
        ("5.pkl", "a Python pickle"), ("a.zip", "a zip archive"),
      ] {
        #expect(try FileKind(of: readFile("\(directory)/\(file)"))?.name == expected, "\(file)")
      }
    }
  }
}
