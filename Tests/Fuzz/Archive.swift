import Files

/// Zip archives of PyTorch. Compiled as a program of libFuzzer by `run.sh`.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  var bytes = Array(UnsafeBufferPointer(start: data, count: count))
  check { () throws(FileError) in _ = try PyTorchFile(bytes: bytes, path: "f").tensors }
  // Few mutations of what an archive holds would get past its checksums.
  if repairChecksums(&bytes) {
    check { () throws(FileError) in _ = try PyTorchFile(bytes: bytes, path: "f").tensors }
  }
  return 0
}
