import Glibc

/// A path as the system has it: bytes, which as a rule are UTF-8, but need not be.
package struct Path: Hashable, Sendable {
  package let bytes: [UInt8]

  package init(bytes: some Sequence<UInt8>) { self.bytes = Array(bytes) }

  /// - Parameter text: as `text` gives it.
  package init(_ text: String) {
    bytes = text.unicodeScalars.flatMap { scalar in
      Self.standIns.contains(scalar) ? [UInt8(scalar.value - Self.firstStandIn)] : Array(scalar.utf8)
    }
  }

  /// The path as a string that `init(_:)` takes back without loss, for interfaces that have strings: bytes that
  /// are no UTF-8 are the private characters U+100080 to U+1000FF there (as in Python's PEP 383).
  package var text: String {
    var text = String.UnicodeScalarView()
    for piece in pieces {
      switch piece {
      case .scalar(let scalar): text.append(scalar)
      case .byte(let byte): text.append(Unicode.Scalar(Self.firstStandIn + UInt32(byte))!)
      }
    }
    return String(text)
  }

  package var isUTF8: Bool { Array(text.utf8) == bytes }

  /// The bytes with a zero at the end, for calls of the system.
  package var cString: [CChar] { bytes.map(CChar.init(bitPattern:)) + [0] }

  package static func / (directory: Path, name: Path) -> Path {
    let slash = directory.bytes.last == UInt8(ascii: "/") ? [] : [UInt8(ascii: "/")]
    return Path(bytes: directory.bytes + slash + name.bytes)
  }

  /// The last part.
  package var last: Path {
    let parts = bytes.split(separator: UInt8(ascii: "/"))
    return Path(bytes: parts.last ?? [])
  }

  /// What the last part is in: `.` where the path has no other.
  package var directory: Path {
    guard let slash = bytes.lastIndex(of: UInt8(ascii: "/")) else { return Path(".") }
    return Path(bytes: slash == 0 ? bytes[...0] : bytes[..<slash])
  }

  /// The last part begins with a dot.
  package var isHidden: Bool { last.bytes.first == UInt8(ascii: ".") }

  private static let firstStandIn: UInt32 = 0x10_0000
  private static let standIns: ClosedRange<Unicode.Scalar> = "\u{100080}"..."\u{1000FF}"

  private enum Piece {
    case scalar(Unicode.Scalar)
    /// A byte of no character, or of a character that stands for a byte in `text`.
    case byte(UInt8)
  }

  private var pieces: [Piece] {
    var (pieces, place, rest): ([Piece], Int, _) = ([], 0, bytes.makeIterator())
    var parser = UTF8.ForwardParser()
    while true {
      switch parser.parseScalar(from: &rest) {
      case .emptyInput: return pieces
      case .error(let length):
        pieces += bytes[place..<place + length].map(Piece.byte)
        place += length
      case .valid(let encoded):
        let scalar = UTF8.decode(encoded)
        pieces += Self.standIns.contains(scalar) ? encoded.map(Piece.byte) : [.scalar(scalar)]
        place += encoded.count
      }
    }
  }
}

extension Path: CustomStringConvertible {
  /// The path as it is shown, with `\xE9` for a byte that is no UTF-8 and for those of a control character.
  package var description: String {
    var shown = ""
    func escape(_ byte: UInt8) { shown += "\\x" + (byte < 16 ? "0" : "") + String(byte, radix: 16) }
    for piece in pieces {
      switch piece {
      case .scalar(let scalar) where scalar.properties.generalCategory == .control:
        scalar.utf8.forEach(escape)
      case .scalar(let scalar): shown.unicodeScalars.append(scalar)
      case .byte(let byte): escape(byte)
      }
    }
    return shown
  }

  /// The path is shown otherwise than it is.
  package var isShownEscaped: Bool { Array(description.utf8) != bytes }
}

extension CommandLine {
  /// The arguments as the system has them; those of `arguments` are repaired where they are no UTF-8.
  package static var paths: [Path] {
    (0..<Int(argc)).compactMap { unsafeArgv[$0] }.map {
      Path(bytes: UnsafeRawBufferPointer(start: $0, count: strlen($0)))
    }
  }
}

extension Path: Comparable {
  /// Paths are in the order of their bytes.
  package static func < (a: Path, b: Path) -> Bool { a.bytes.lexicographicallyPrecedes(b.bytes) }
}

/// The path of a directory without slashes at its end, for the paths of what is in it.
package func withoutSlash(_ path: String) -> String {
  var path = path[...]
  while path.hasSuffix("/") && path.count > 1 { path.removeLast() }
  return String(path)
}
