#!/usr/bin/env python3
"""Makes the golden numbers of Tests/OptimizersTests/WeightAverageGolden.swift with PyTorch (pip install torch)."""
import torch
from torch.optim.swa_utils import AveragedModel

values = [[0.5, -1.0, 2.0], [0.25, -1.5, 2.5], [0.0, -1.25, 4.0], [3.0, 0.0, -1.0], [3.5, 0.5, -2.0]]
decay = 0.3

model = torch.nn.Linear(3, 1, bias=False).double()
steps = {"done": 0}


def average(averaged, current, _):
    d = min(decay, (1 + steps["done"]) / (10 + steps["done"]))
    return d * averaged + (1 - d) * current


def load(row):
    with torch.no_grad():
        model.weight.copy_(torch.tensor([row], dtype=torch.float64))


load(values[0])
averaged = AveragedModel(model, avg_fn=average)
averaged.update_parameters(model)  # the first call copies
print("// Made by Tests/Golden/weight_average.py with PyTorch", torch.__version__.split("+")[0])
print("enum WeightAverageGolden {")
print(f"  static let decay = {decay}")
print("  /// Before the first step and after each.")
print(f"  static let values: [[Float]] = {values}")
print("  static let averages: [[Double]] = [")
for row in values[1:]:
    steps["done"] += 1
    load(row)
    averaged.update_parameters(model)
    print("    [" + ", ".join(f"{x:.12f}" for x in averaged.module.weight.flatten().tolist()) + "],")
print("  ]")
print("}")
