import Reporting

/// An amount of memory or disk space, such as `3.4 GB`, `12 MB` or `0 B`.
func bytes(_ count: Double) -> String {
  switch count {
  case 1e9...: gigabytes(count)
  case 1e6...: "\(decimal(count / 1e6, 0)) MB"
  case 1e3...: "\(decimal(count / 1e3, 0)) kB"
  default: "\(decimal(count, 0)) B"
  }
}

/// A time such as `1.23 us`, `34.5 us`, `5.60 ms` or `7.89 s`.
func shortTime(_ microseconds: Double) -> String {
  switch microseconds {
  case 1e6...: "\(threeDigits(microseconds / 1e6)) s"
  case 1e3...: "\(threeDigits(microseconds / 1e3)) ms"
  default: "\(threeDigits(microseconds)) us"
  }
}

/// A number with about three digits, such as `0.052`, `1.23`, `45.6` or `789`.
func threeDigits(_ value: Double) -> String {
  decimal(value, value >= 100 ? 0 : value >= 10 ? 1 : value >= 1 ? 2 : 3)
}
