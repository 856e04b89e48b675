#!/usr/bin/env python3
"""Makes the golden numbers of Tests/KernelsTests/LabelSmoothingGolden.swift with PyTorch (pip install torch)."""
import torch

logits = [[2.0, -1.0, 0.5, 0.0], [0.25, 3.0, -2.0, 1.0], [-30.0, 40.0, 10.0, 0.0]]
labels = [0, 2, 1]

print("// Made by Tests/Golden/label_smoothing.py with PyTorch", torch.__version__.split("+")[0])
print("enum LabelSmoothingGolden {")
print(f"  static let logits: [Float] = {[x for row in logits for x in row]}")
print(f"  static let labels: [Int32] = {labels}")
print("  static let cases: [(smoothing: Float, loss: Double, gradient: [Double])] = [")
for smoothing in [0.0, 0.1, 0.5]:
    x = torch.tensor(logits, dtype=torch.float64, requires_grad=True)
    loss = torch.nn.CrossEntropyLoss(label_smoothing=smoothing, reduction="sum")(x, torch.tensor(labels))
    (0.25 * loss).backward()
    numbers = ", ".join(f"{g:.12f}" for g in x.grad.flatten().tolist())
    print(f"    ({smoothing}, {loss.item():.12f}, [{numbers}]),")
print("  ]")
print("}")
