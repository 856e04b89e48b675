import Files
import TestSupport
import Testing

@Suite struct NPYTests {
  @Test(arguments: [[2, 3], [6], [0, 10], [1, 2, 3]])
  func headersAreAligned(_ shape: [Int]) throws {
    try withTemporaryDirectory { directory in
      let numbers = (0..<shape.reduce(1, *)).map(Float.init)
      try writeNPY(numbers, shape: shape, to: "\(directory)/a.npy")
      let read = try readNPY("\(directory)/a.npy")
      #expect(read.numbers == numbers && (10 + read.header.utf8.count) % 64 == 0)
      #expect(read.header.hasSuffix("\n"))
    }
  }

  @Test(.enabled(if: Python.isThere, Comment(rawValue: Python.hint)))
  func numpyReadsIt() throws {
    try withTemporaryDirectory { directory in
      for (shape, expected) in [([2, 3], "(2, 3) 3.75\n"), ([6], "(6,) 3.75\n"), ([0, 4], "(0, 4) 0.0\n")] {
        let numbers = (0..<shape.reduce(1, *)).map { 0.25 * Float($0) }
        try writeNPY(numbers, shape: shape, to: "\(directory)/a.npy")
        let printed = try Python.run(
          "import sys, numpy; a = numpy.load(sys.argv[1]); print(a.shape, a.sum())", ["\(directory)/a.npy"])
        #expect(printed == expected)
      }
    }
  }
}
