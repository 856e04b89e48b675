import Files

/// Pickles of arrays, and NumPy's files of one array. Compiled as a program of libFuzzer by `run.sh`.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: data, count: count))
  check { () throws(FileError) in
    let pickle = try ArrayPickle(bytes, path: "f")
    for name in pickle.names {
      if let array = pickle.array(name) { use(array) }
      _ = (pickle.integers(name), pickle.texts(name))
    }
  }
  check { () throws(FileError) in use(try readNPY(bytes, place: "f")) }
  return 0
}
