import Files

/// Safetensors files. Compiled as a program of libFuzzer by `run.sh`.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: data, count: count))
  check { () throws(FileError) in _ = try SafetensorsFile(bytes: bytes, path: "f").load() }
  return 0
}
