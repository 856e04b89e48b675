#!/usr/bin/env python3
"""Makes the golden numbers of Tests/OptimizersTests/OptimizerGolden.swift with PyTorch (pip install torch)."""
import torch

start = [0.5, -1.0, 2.0, 0.0, -0.25]
gradients = [[0.1, -0.2, 0.3, 0.0, 1.0], [0.2, 0.1, -0.3, 0.5, 1.0], [-0.4, 0.3, 0.2, -0.1, 1.0]]


def run(make):
    parameter = torch.nn.Parameter(torch.tensor(start, dtype=torch.float64))
    optimizer = make([parameter])
    for gradient in gradients:
        parameter.grad = torch.tensor(gradient, dtype=torch.float64)
        optimizer.step()
    return parameter.detach().tolist()


sgd, adam = torch.optim.SGD, torch.optim.Adam
cases = {
    "sgdPlain": lambda p: sgd(p, lr=0.1),
    "sgdMomentum": lambda p: sgd(p, lr=0.1, momentum=0.9),
    "sgdNesterov": lambda p: sgd(p, lr=0.1, momentum=0.9, nesterov=True),
    "sgdDecay": lambda p: sgd(p, lr=0.1, momentum=0.9, weight_decay=0.01),
    "adam": lambda p: adam(p, lr=0.1),
    "adamDecay": lambda p: adam(p, lr=0.1, weight_decay=0.01),
}
print("// Made by Tests/Golden/optimizers.py with PyTorch", torch.__version__.split("+")[0])
print("enum OptimizerGolden {")
for name, make in cases.items():
    numbers = ", ".join(f"{x:.12f}" for x in run(make))
    print(f"  static let {name} = [{numbers}]")
print("}")
