import TestSupport
import Testing

/// Tests that lack something are skipped and say so. Where CI runs them, that would pass for a success.
@Suite(.enabled(if: isCI, "not CI: tests that lack something are skipped"))
struct RequirementsTests {
  @Test func mnistIsThere() { #expect(hasMNIST, "\(mnistHint)") }

  @Test func pythonIsThere() { #expect(Python.isThere, "\(Python.hint)") }

  @Test func drawingProgramsAreThere() {
    #expect(hasGnuplot, "\(gnuplotHint)")
    #expect(hasGraphviz, "\(graphvizHint)")
  }
}
