// Made by Tests/Golden/weight_average.py with PyTorch 2.13.0
enum WeightAverageGolden {
  static let decay = 0.3
  /// Before the first step and after each.
  static let values: [[Float]] = [
    [0.5, -1.0, 2.0], [0.25, -1.5, 2.5], [0.0, -1.25, 4.0], [3.0, 0.0, -1.0], [3.5, 0.5, -2.0],
  ]
  static let averages: [[Double]] = [
    [0.295454545455, -1.409090909091, 2.409090909091],
    [0.073863636364, -1.289772727273, 3.602272727273],
    [2.122159090909, -0.386931818182, 0.380681818182],
    [3.086647727273, 0.233920454545, -1.285795454545],
  ]
}
