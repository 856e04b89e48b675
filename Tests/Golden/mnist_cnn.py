#!/usr/bin/env python3
"""Makes Tests/Golden/mnist_cnn.f32 with PyTorch (pip install torch numpy): what mnist-cnn does in its first 10 steps.

Weights, images and labels are a hash of their index, so that the test makes the same ones. The file holds 32-bit
little-endian floats:

    10 losses | gradients of the first step, tensor by tensor in PyTorch's names, order and layout

with fc1.weight's gradient G (128, 1600) given by its projections G v (128) and u G (1600).
"""
import os
import numpy as np
import torch

BATCH, STEPS, RATE, MOMENTUM = 64, 10, 0.02, 0.9


def uniform(stream, count):
    """Numbers in [-1, 1): a hash (lowbias32) of stream and index."""
    x = np.arange(count, dtype=np.uint64) + np.uint64(stream) * np.uint64(0x9E3779B9)
    x &= 0xFFFFFFFF
    for shift, factor in ((16, 0x7FEB352D), (15, 0x846CA68B)):
        x ^= x >> np.uint64(shift)
        x = (x * np.uint64(factor)) & np.uint64(0xFFFFFFFF)
    x ^= x >> np.uint64(16)
    return torch.from_numpy((x >> np.uint64(8)).astype(np.float64) * 2.0**-23 - 1)


model = torch.nn.Sequential()
for name, layer in (
    ("conv1", torch.nn.Conv2d(1, 32, 3)), ("relu1", torch.nn.ReLU()), ("pool1", torch.nn.MaxPool2d(2)),
    ("conv2", torch.nn.Conv2d(32, 64, 3)), ("relu2", torch.nn.ReLU()), ("pool2", torch.nn.MaxPool2d(2)),
    ("flatten", torch.nn.Flatten()), ("fc1", torch.nn.Linear(1600, 128)), ("relu3", torch.nn.ReLU()),
    ("fc2", torch.nn.Linear(128, 10)),
):
    model.add_module(name, layer)
model = model.double()
for stream, parameter in enumerate(model.parameters()):
    fan_in = parameter[0].numel() if parameter.dim() > 1 else 100
    numbers = uniform(stream + 1, parameter.numel()) * float(np.float32(np.sqrt(3.0 / fan_in)))
    parameter.data = numbers.reshape(parameter.shape)

patterns = uniform(50, 10 * 784).reshape(10, 1, 28, 28)
optimizer = torch.optim.SGD(model.parameters(), lr=RATE, momentum=MOMENTUM)
losses, gradients = [], []
for step in range(STEPS):
    labels = (torch.arange(BATCH) * 7 + step * 3) % 10
    images = 0.5 * uniform(100 + step, BATCH * 784).reshape(BATCH, 1, 28, 28) + 0.5 * patterns[labels]
    optimizer.zero_grad()
    loss = torch.nn.functional.cross_entropy(model(images), labels)
    loss.backward()
    losses.append(loss.detach().reshape(1))
    if step == 0:
        for name, parameter in model.named_parameters():
            g = parameter.grad
            if name == "fc1.weight":
                gradients += [g @ uniform(200, 1600), uniform(201, 128) @ g]
            else:
                gradients.append(g.flatten())
    optimizer.step()

numbers = torch.cat(losses + gradients).numpy().astype("<f4")
numbers.tofile(os.path.join(os.path.dirname(os.path.abspath(__file__)), "mnist_cnn.f32"))
print("losses", [round(float(x), 6) for x in numbers[:STEPS]], "numbers", numbers.size)
