import Files

/// What files call the classes of images: whole numbers, or names.
struct ClassTexts {
  /// Of each image.
  var texts: [String]
  /// What messages call an image.
  let place: @Sendable (Int) -> String
}

/// The numbers of classes: those that the training images have, or the places of their names in a list, which is in
/// the order of the names' bytes where no other is given.
struct ClassNumbers {
  /// Nil where files have numbers and nothing names them.
  let names: [String]?
  private let numbers: [String: Int32]?
  private let first: Int
  private let path: String

  /// - Parameters:
  ///   - train: of the training images.
  ///   - listed: all classes, in their order; nil for those of the training images.
  ///   - first: what files call the first class where they have numbers.
  ///   - path: of all of them, for messages.
  init(
    _ train: ClassTexts, listed: [String]? = nil, first: Int, path: String
  ) throws(DataError) {
    self.first = first
    self.path = path
    if let index = train.texts.firstIndex(of: "") {
      throw DataError(train.place(index), expected: "a class", found: "none")
    }
    let isNumbered =
      train.texts.allSatisfy { Self.number($0) != nil }
      && !(listed.map { Set($0).isSuperset(of: train.texts) } ?? false)
    guard !isNumbered else {
      (names, numbers) = (listed, nil)
      return
    }
    let names = if let listed { listed } else { try SortedClasses.names(Set(train.texts), of: path) }
    guard names.count > 1 else {
      throw DataError(path, expected: "images of at least 2 classes", found: "only \(shown(names[0]))")
    }
    self.names = names
    numbers = Dictionary(names.enumerated().map { ($1, Int32($0)) }) { first, _ in first }
  }

  /// A whole number in decimal digits; nil for all else.
  private static func number(_ text: String) -> Int? {
    let digits = text.utf8.first == UInt8(ascii: "-") ? text.utf8.dropFirst() : text.utf8[...]
    return digits.allSatisfy { (UInt8(ascii: "0")...UInt8(ascii: "9")).contains($0) } ? Int(text) : nil
  }

  /// The labels of a part, and how many classes there are.
  func labels(of part: ClassTexts, isTrain: Bool) throws(DataError) -> (labels: [Int32], classes: Int) {
    guard let numbers else { return try numbered(part, isTrain: isTrain) }
    var labels: [Int32] = []
    labels.reserveCapacity(part.texts.count)
    for (index, text) in part.texts.enumerated() {
      guard let label = numbers[text] else {
        throw DataError(
          part.place(index), expected: "one of the \(numbers.count) classes, such as \(shown(names![0]))",
          found: shown(text))
      }
      labels.append(label)
    }
    return (labels, names!.count)
  }

  private func numbered(
    _ part: ClassTexts, isTrain: Bool
  ) throws(DataError) -> (labels: [Int32], classes: Int) {
    var integers: [Int] = []
    integers.reserveCapacity(part.texts.count)
    for (index, text) in part.texts.enumerated() {
      guard let number = Self.number(text) else {
        throw DataError(
          part.place(index), expected: "a number of a class, as training images have", found: shown(text))
      }
      integers.append(number)
    }
    let most = names?.count ?? DataOptions.mostClasses
    let labels = try labelsFromZero(
      integers, first: first, below: most, isTrain: isTrain, path: path, place: part.place)
    return (labels, names?.count ?? Int(labels.max() ?? -1) + 1)
  }
}

/// Labels that count from 0, made of those that files have.
///
/// - Parameters:
///   - first: the number of the first class in files.
///   - most: number of classes at most.
///   - path: what messages call all of them.
///   - place: what messages call an image.
func labelsFromZero(
  _ labels: [Int], first: Int, below most: Int = DataOptions.mostClasses, isTrain: Bool,
  path: String, place: (Int) -> String
) throws(DataError) -> [Int32] {
  let range = first...first + most - 1
  if let index = labels.firstIndex(where: { !range.contains($0) }) {
    throw DataError(
      place(index), expected: "labels in \(first)..<\(range.upperBound + 1)", found: "\(labels[index])")
  }
  let distinct = Set(labels)
  if first == 0, isTrain, distinct.count > 1, distinct.min() == 1, distinct.max() == distinct.count {
    throw DataError(
      path, expected: "labels that count from 0", found: "1 to \(distinct.count)",
      hint: "where 1 is the first class, say that this is the first label", cause: .firstLabelIsOne)
  }
  return labels.map { Int32($0 - first) }
}
