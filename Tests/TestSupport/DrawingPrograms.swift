import Foundation

/// gnuplot is there, for tests that draw curves.
package let hasGnuplot = isOnPath("gnuplot")

package let gnuplotHint = "no gnuplot; to install it: apt install gnuplot-nox"

/// Graphviz is there, for tests that draw graphs.
package let hasGraphviz = isOnPath("dot")

package let graphvizHint = "no Graphviz; to install it: apt install graphviz"

private func isOnPath(_ program: String) -> Bool {
  (ProcessInfo.processInfo.environment["PATH"] ?? "").split(separator: ":").contains {
    FileManager.default.isExecutableFile(atPath: "\($0)/\(program)")
  }
}
