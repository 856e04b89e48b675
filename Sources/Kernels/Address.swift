import Tensors

// Kernels check the counts of their spans and then work on plain addresses. An address is valid as long as
// the span it came from, which a kernel's caller borrows for the whole call.

extension Span where Element: BitwiseCopyable {
  /// Address of the first element. Meaningless for an empty span.
  var address: UnsafePointer<Element> {
    withUnsafeBufferPointer { $0.baseAddress ?? UnsafePointer(bitPattern: MemoryLayout<Element>.alignment)! }
  }
}

extension MutableSpan where Element: BitwiseCopyable {
  /// Address of the first element. Meaningless for an empty span.
  var address: UnsafeMutablePointer<Element> {
    mutating get {
      withUnsafeMutableBufferPointer {
        $0.baseAddress ?? UnsafeMutablePointer(bitPattern: MemoryLayout<Element>.alignment)!
      }
    }
  }
}

extension AlignedBuffer {
  /// Address of the first element.
  var address: UnsafeMutablePointer<Element> { unsafeMemory.baseAddress! }
}
