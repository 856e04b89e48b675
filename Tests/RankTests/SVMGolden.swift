// Made by Tests/Golden/svm_with_sgd.py with numpy
struct SVMGolden {
  let weights: [Double]
  let iterations: Int
  let isConverged: Bool
  let correct: Int

  static let usual = SVMGolden(
    weights: [
      1.4537722666202693, -0.12214895078606683, -0.6966983348724329, -1.6340860499958727, -1.4467823905663433,
    ],
    iterations: 100, isConverged: false,
    correct: 24)
  static let loose = SVMGolden(
    weights: [
      0.8470714988109027, -0.19335524584242297, -0.1617376416043429, -0.8116458198090895, -0.7191960000567733,
    ],
    iterations: 5, isConverged: true,
    correct: 23)
  static let other = SVMGolden(
    weights: [
      0.5735227279455719, -0.089723903773412, -0.04722569538688995, -0.48061531271361013, -0.3761622312411319,
    ],
    iterations: 7, isConverged: false,
    correct: 22)
}
