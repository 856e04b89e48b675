#!/usr/bin/env python3
"""Makes the golden numbers of Tests/OptimizersTests/ClippingGolden.swift with PyTorch (pip install torch)."""
import torch

gradients = [0.1, -0.2, 0.3, 0.0, 1.0, -2.5, 0.75]

print("// Made by Tests/Golden/gradient_clipping.py with PyTorch", torch.__version__.split("+")[0])
print("enum ClippingGolden {")
print(f"  static let gradients: [Float] = {gradients}")
print("  static let cases: [(maximum: Double, norm: Double, clipped: [Double])] = [")
for maximum in [0.5, 2.0, 2.8, 100.0]:
    parameter = torch.nn.Parameter(torch.zeros(len(gradients), dtype=torch.float64))
    parameter.grad = torch.tensor(gradients, dtype=torch.float64)
    norm = torch.nn.utils.clip_grad_norm_([parameter], maximum)
    numbers = ", ".join(f"{g:.12f}" for g in parameter.grad.tolist())
    print(f"    ({maximum}, {norm.item():.12f}, [{numbers}]),")
print("  ]")
print("}")
