import Files

/// Archives of NumPy's. Compiled as a program of libFuzzer by `run.sh`.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  var bytes = Array(UnsafeBufferPointer(start: data, count: count))
  read(bytes)
  // Few mutations of what an archive holds would get past its checksums.
  if repairChecksums(&bytes) { read(bytes) }
  return 0
}

private func read(_ bytes: [UInt8]) {
  bytes.withUnsafeBytes { buffer in
    check { () throws(FileError) in
      var file = try NPZFile(buffer, path: "f")
      for name in file.names { use(try file.array(name)) }
    }
  }
}
