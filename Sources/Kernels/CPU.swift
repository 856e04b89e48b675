import CCPU

/// What the kernels were compiled for, as the machine that runs them may be another one.
package enum CPU {
  /// The extensions, by their names in `/proc/cpuinfo`, without which the kernels die of an illegal
  /// instruction.
  package static var requiredFlags: [Substring] {
    String(cString: ccpu_required_flags()).split(separator: " ")
  }
}
