import Engine
import Reporting

extension StepTimes {
  /// Shares of `seconds`, a time in which these parts were done.
  func shares(of seconds: Double) -> TimeShares {
    TimeShares(
      compute: compute / seconds, communication: self.communication / seconds, data: self[.data] / seconds)
  }
}
