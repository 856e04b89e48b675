#!/usr/bin/env python3
"""Makes the golden numbers of Tests/LinearModelsTests/SVMGolden.swift with numpy and xxhash (pip install numpy xxhash):
weights of Spark MLlib's SVMWithSGD, whose steps are written out here, and shares of file names.

With pyspark, `SVMWithSGD.train(rows, iterations, 1.0, 0.01, 1.0, None, False, "l2", False, tolerance)` gives the same.
"""
import numpy as np
import xxhash

ROWS, COLUMNS = 24, 5


def features():
    """Numbers that 32 bits hold, the classes of which overlap a little."""
    x = np.array([[((7 * r * r + 13 * c * c + 5 * r * c) % 23) / 16 for c in range(COLUMNS)] for r in range(ROWS)])
    x[: ROWS // 2, 0] += 1
    x[: ROWS // 2, 3] -= 0.75
    return x


def svm_with_sgd(x, signs, iterations=100, step=1.0, reg=0.01, tol=0.001):
    w = np.zeros(x.shape[1])
    for i in range(1, iterations + 1):
        active = signs * (x @ w) < 1
        gradient = -(signs[active, None] * x[active]).sum(0) / len(x)
        eta = step / np.sqrt(i)
        new = w * (1 - eta * reg) - eta * gradient
        change, w = np.linalg.norm(new - w), new
        if i > 1 and change < tol * max(np.linalg.norm(w), 1):
            return w, i, True
    return w, iterations, False


x = features()
signs = np.where(np.arange(ROWS) < ROWS // 2, 1.0, -1.0)
for name, options in {"usual": {}, "loose": {"tol": 0.1}, "other": {"step": 0.5, "reg": 0.2, "iterations": 7}}.items():
    w, iterations, converged = svm_with_sgd(x, signs, **options)
    print(f"  static let {name} = SVMGolden(")
    print(f"    weights: [{', '.join(repr(float(v)) for v in w)}],")
    print(f"    iterations: {iterations}, isConverged: {str(converged).lower()},")
    print(f"    correct: {int((((x @ w) > 0) == (signs > 0)).sum())})")
for name in "beagle_1.jpg", "boxer_12.jpg", "wheaten_terrier_200.jpg":
    share = (xxhash.xxh3_128_intdigest(f"20/{name}".encode()) >> 64 >> 11) * 2.0**-53
    print(f'    ("{name}", {share!r}),')
