import Files

/// Texts of records and fields. Compiled as a program of libFuzzer by `run.sh`.
@_cdecl("LLVMFuzzerTestOneInput")
public func fuzz(_ data: UnsafePointer<UInt8>?, _ count: Int) -> CInt {
  let bytes = Array(UnsafeBufferPointer(start: data, count: count))
  let first = DelimitedText.first(2, of: bytes)
  check { () throws(FileError) in
    let records = try DelimitedText(bytes: bytes, path: "f").records
    let isAlike = records.allSatisfy { $0.fields.count == records[0].fields.count }
    if !isAlike || Array(records.prefix(2)) != first { fatalError("\(records) and \(first)") }
  }
  return 0
}
