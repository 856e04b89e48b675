import Files
import Foundation

/// What is written between the whole and the hundredths of a number.
package enum DecimalMark: String, CaseIterable, Sendable {
  case comma, point
}

/// The results of an `SVMStudy` as text: the table of the Spark application, and the lines of its log.
package struct SVMTable: Sendable {
  private let classNames: [String]
  private let iterations: Int
  private let mark: DecimalMark
  /// With columns that the application did not have.
  private let isDetailed: Bool

  package init(_ study: SVMStudy, _ mark: DecimalMark, isDetailed: Bool) {
    (classNames, iterations) = (study.table.classNames, study.settings.iterations)
    (self.mark, self.isDetailed) = (mark, isDetailed)
  }

  /// The names of a pair's classes; all others are `All`.
  package func names(_ pair: ClassPair) -> (positive: String, negative: String) {
    (classNames[pair.positive], pair.negative.map { classNames[$0] } ?? "All")
  }

  // MARK: - CSV

  /// A row for each model, the fields between semicolons. `predict%` is rounded half up.
  package func csv(_ results: [PairResult]) -> String {
    var lines = [
      "class_1;class_2;split;iteration;num_model;predict%;nb_train;nb_test;nb_correct"
        + (isDetailed
          ? ";majority%;recall%;balanced%;wilson_low%;wilson_high%;steps;converged;seconds" : "")
    ]
    for result in results {
      let (positive, negative) = names(result.pair)
      for (number, model) in result.models.enumerated() {
        let outcome = model.outcome
        var fields = [
          quoted(positive), quoted(negative), hundredths(model.share), "\(iterations)", "\(number + 1)",
          percentage(outcome), "\(model.trainRows)", "\(outcome.count)", "\(outcome.correct)",
        ]
        if isDetailed {
          let interval = outcome.wilsonInterval
          fields += [
            outcome.majorityShare, outcome.recall, outcome.balancedAccuracy, interval.lowerBound,
            interval.upperBound,
          ].map { hundredths(100 * $0) }
          fields += [
            "\(model.end.iterations)", model.end.isConverged ? "1" : "0", decimal(model.seconds, 6),
          ]
        }
        lines.append(fields.joined(separator: ";"))
      }
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// The accuracy of every pair's models of one split, a row and a column a class; empty where there is none.
  package func matrix(_ results: [PairResult], split: Int) -> String {
    var accuracy: [ClassPair: String] = [:]
    for result in results {
      guard let negative = result.pair.negative else { continue }
      let text = percentage(result.models[split].outcome)
      accuracy[result.pair] = text
      accuracy[ClassPair(negative, result.pair.positive)] = text
    }
    let head = (["class"] + classNames.map(quoted)).joined(separator: ";")
    let rows = classNames.indices.map { row in
      ([quoted(classNames[row])]
        + classNames.indices.map { accuracy[ClassPair(row, $0)] ?? "" })
        .joined(separator: ";")
    }
    return ([head] + rows).joined(separator: "\n") + "\n"
  }

  private func quoted(_ name: String) -> String {
    guard name.contains(where: { $0 == ";" || $0 == "\"" || $0.isNewline }) else { return name }
    return "\"\(name.replacing("\"", with: "\"\""))\""
  }

  // MARK: - Log

  /// What is said before a pair's models.
  package func heading(_ pair: ClassPair, rows: (positive: Int, negative: Int)) -> String {
    let (positive, negative) = names(pair)
    return """
      Preparing for "\(positive)" vs "\(negative)"...
        class1: "\(positive)", nb rows=\(rows.positive)
        class2: "\(negative)", nb rows=\(rows.negative)
       ... ready !
      """
  }

  package func lines(_ result: PairResult) -> String {
    var lines: [String] = []
    for (number, model) in result.models.enumerated() {
      let share = hundredths(100 * model.share, mark: ".")
      let rest = hundredths(100 - 100 * model.share, mark: ".")
      let outcome = model.outcome
      lines += [
        "*** Split= \(share) / \(rest) (\(model.trainRows) rows in train dataset, \(outcome.count) rows in test "
          + "dataset)",
        "    ... Evaluating model #\(number + 1) (split:\(share) %, iteration:\(iterations))",
        "       ---> correct prediction: \(percentage(outcome, mark: ".")) % (\(outcome.correct) corrects / "
          + "\(outcome.count) test images)",
      ]
    }
    if let best = result.best {
      let model = result.models[best]
      lines += [
        "Best prediction: Model #\(best + 1) with \(percentage(model.outcome, mark: ".")) % of success !",
        "Model params: split: \(hundredths(100 * model.share, mark: "."))%, iterations: \(iterations)",
      ]
    }
    return lines.joined(separator: "\n")
  }

  /// What a reader of the best model's accuracy should know; nil where there is nothing.
  package func warning(_ result: PairResult) -> String? {
    guard let best = result.best.map({ result.models[$0].outcome }), best.accuracy <= best.majorityShare
    else {
      return nil
    }
    let (positive, negative) = names(result.pair)
    return
      "\(positive) vs \(negative): \(percentage(best, mark: ".")) % is no better than always saying the more "
      + "frequent class, \(hundredths(100 * best.majorityShare, mark: ".")) %; recall of \(positive) "
      + "\(best.truePositives) of \(best.truePositives + best.falseNegatives)"
  }

  // MARK: - Numbers

  /// Right predictions in percent with two decimals, rounded half up: 290 of 320 are 90.63.
  private func percentage(_ outcome: BinaryOutcome, mark: String? = nil) -> String {
    guard outcome.count > 0 else { return "" }
    let number = (20_000 * outcome.correct + outcome.count) / (2 * outcome.count)
    let cents = number % 100
    return "\(number / 100)\(mark ?? self.mark.text)\(cents < 10 ? "0" : "")\(cents)"
  }

  /// Two decimals; nothing for what is no number.
  private func hundredths(_ value: Double, mark: String? = nil) -> String {
    value.isNaN ? "" : decimal(value, 2, mark)
  }

  private func decimal(_ value: Double, _ digits: Int, _ mark: String? = nil) -> String {
    String(format: "%.\(digits)f", value).replacing(".", with: mark ?? self.mark.text)
  }
}

extension DecimalMark {
  fileprivate var text: String { self == .comma ? "," : "." }
}
