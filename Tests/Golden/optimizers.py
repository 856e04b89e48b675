#!/usr/bin/env python3
"""Makes the golden numbers of Tests/OptimizersTests/OptimizerGolden.swift: those of SGD, Adam and AdamW with PyTorch
(pip install torch), those of LARS and LAMB, which it does not have, by the formulas of the papers."""
import math

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


def norm(numbers):
    return math.sqrt(sum(x * x for x in numbers))


def lars(adapted, nesterov=False, decay=0.0, rate=0.1, momentum=0.9, coefficient=0.1):
    """Algorithm 1 of You, Gitman and Ginsburg 2017, with the learning rate where the paper has it: in the velocity.
    Nesterov's step on top of it is PyTorch's. Biases are not `adapted`: no decay, and a local rate of 1."""
    w, v = list(start), [0.0] * len(start)
    for g in gradients:
        decay = decay if adapted else 0.0
        local = coefficient * norm(w) / (norm(g) + decay * norm(w)) if adapted else 1.0
        d = [rate * local * (gi + decay * wi) for gi, wi in zip(g, w)]
        v = [momentum * vi + di for vi, di in zip(v, d)]
        w = [wi - (di + momentum * vi if nesterov else vi) for wi, vi, di in zip(w, v, d)]
    return w


def lamb(adapted, decay=0.0, rate=0.1, beta1=0.9, beta2=0.999, epsilon=1e-6):
    """Algorithm 2 of You et al. 2020, with phi(x) = x."""
    w, m, v = list(start), [0.0] * len(start), [0.0] * len(start)
    for t, g in enumerate(gradients, start=1):
        m = [beta1 * mi + (1 - beta1) * gi for mi, gi in zip(m, g)]
        v = [beta2 * vi + (1 - beta2) * gi**2 for vi, gi in zip(v, g)]
        m_hat = [mi / (1 - beta1**t) for mi in m]
        v_hat = [vi / (1 - beta2**t) for vi in v]
        r = [mi / (math.sqrt(vi) + epsilon) for mi, vi in zip(m_hat, v_hat)]
        u = [ri + (decay * wi if adapted else 0.0) for ri, wi in zip(r, w)]
        ratio = norm(w) / norm(u) if adapted else 1.0
        w = [wi - rate * ratio * ui for wi, ui in zip(w, u)]
    return w


sgd, adam, adamw = torch.optim.SGD, torch.optim.Adam, torch.optim.AdamW
cases = {
    "sgdPlain": lambda p: sgd(p, lr=0.1),
    "sgdMomentum": lambda p: sgd(p, lr=0.1, momentum=0.9),
    "sgdNesterov": lambda p: sgd(p, lr=0.1, momentum=0.9, nesterov=True),
    "sgdDecay": lambda p: sgd(p, lr=0.1, momentum=0.9, weight_decay=0.01),
    "adam": lambda p: adam(p, lr=0.1),
    "adamDecay": lambda p: adam(p, lr=0.1, weight_decay=0.01),
    "adamw": lambda p: adamw(p, lr=0.1, weight_decay=0),
    "adamwDecay": lambda p: adamw(p, lr=0.1, weight_decay=0.3),
}
formulas = {
    "larsWeight": lars(True),
    "larsWeightDecay": lars(True, decay=0.3),
    "larsWeightNesterov": lars(True, nesterov=True, decay=0.3),
    "larsBias": lars(False),
    "lambWeight": lamb(True),
    "lambWeightDecay": lamb(True, decay=0.3),
    "lambBias": lamb(False, decay=0.3),
}
print("// Made by Tests/Golden/optimizers.py with PyTorch", torch.__version__.split("+")[0])
print("enum OptimizerGolden {")
for name, values in ({name: run(make) for name, make in cases.items()} | formulas).items():
    numbers = ", ".join(f"{x:.12f}" for x in values)
    print(f"  static let {name} = [{numbers}]")
print("}")
