#!/usr/bin/env python3
"""Trains mnist-cnn in PyTorch (eager) and prints images per second: the other half of jobs/compare-pytorch.sh."""
import argparse
import time

import torch
from torch import nn

parser = argparse.ArgumentParser()
parser.add_argument("--layout", choices=("nchw", "channels_last"), required=True)
parser.add_argument("--threads", type=int, default=1)
parser.add_argument("--batch", type=int, default=64)
parser.add_argument("--images", type=int, default=12800)
arguments = parser.parse_args()

torch.set_num_threads(arguments.threads)
torch.manual_seed(1)
layout = torch.channels_last if arguments.layout == "channels_last" else torch.contiguous_format
model = nn.Sequential(
    nn.Conv2d(1, 32, 3), nn.ReLU(), nn.MaxPool2d(2),
    nn.Conv2d(32, 64, 3), nn.ReLU(), nn.MaxPool2d(2),
    nn.Flatten(), nn.Linear(1600, 128), nn.ReLU(), nn.Linear(128, 10),
).to(memory_format=layout)
optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.95, nesterov=True)
images = torch.randn(arguments.images, 1, 28, 28)
labels = torch.randint(0, 10, (arguments.images,))


def epoch():
    order = torch.randperm(arguments.images)
    for start in range(0, arguments.images, arguments.batch):
        batch = order[start : start + arguments.batch]
        optimizer.zero_grad(set_to_none=True)
        inputs = images[batch].to(memory_format=layout)
        nn.functional.cross_entropy(model(inputs), labels[batch]).backward()
        optimizer.step()


epoch()
start = time.perf_counter()
epoch()
print(arguments.images / (time.perf_counter() - start))
