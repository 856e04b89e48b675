import Files
import Glibc

/// Tar archives. Compiled as a program of libFuzzer by `run.sh`.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  var bytes = Array(UnsafeBufferPointer(start: data, count: count))
  read(bytes)
  // Few mutations of a header would get past its checksum.
  repair(&bytes)
  read(bytes)
  return 0
}

/// A file that is gone when the program ends.
private let file: (descriptor: CInt, path: String) = {
  guard let file = tmpfile() else { fatalError("no temporary file") }
  let descriptor = fileno(file)
  return (descriptor, "/proc/self/fd/\(descriptor)")
}()

private func read(_ bytes: [UInt8]) {
  precondition(
    ftruncate(file.descriptor, 0) == 0 && pwrite(file.descriptor, bytes, bytes.count, 0) == bytes.count)
  check(path: file.path) { () throws(FileError) in
    for entry in try TarArchive(path: file.path).entries {
      if entry.range.upperBound > bytes.count { fatalError("\(entry.range) of \(bytes.count) bytes") }
    }
  }
}

/// Puts the checksums of blocks right that are headers: octal digits at 148, of all bytes with spaces for themselves.
private func repair(_ bytes: inout [UInt8]) {
  for start in stride(from: 0, to: bytes.count - 511, by: 512)
  where bytes[start + 257..<start + 262].elementsEqual("ustar".utf8) {
    for place in start + 148..<start + 156 { bytes[place] = 0x20 }
    var sum = bytes[start..<start + 512].reduce(0) { $0 + Int($1) }
    for place in (start + 148..<start + 154).reversed() {
      bytes[place] = 0x30 + UInt8(sum % 8)
      sum /= 8
    }
    bytes[start + 154] = 0
  }
}
