import Files

/// Files of PyTorch's old form, which are pickles and numbers. Compiled as a program of libFuzzer by `run.sh`.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: data, count: count))
  check { () throws(FileError) in _ = try PyTorchFile(bytes: bytes, path: "f").tensors }
  return 0
}
