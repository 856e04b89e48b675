import Foundation

/// gnuplot is there, for tests that draw.
package let hasGnuplot = (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").contains {
  FileManager.default.isExecutableFile(atPath: "\($0)/gnuplot")
}

package let gnuplotHint = "no gnuplot; to install it: apt install gnuplot-nox"
