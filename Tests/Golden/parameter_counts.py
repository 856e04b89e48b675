#!/usr/bin/env python3
"""Prints the numbers of parameters of vgg16 and cifar-vgg in PyTorch (pip install torch), for ModelTests.swift."""
from torch import nn


def convolutions(plan, channels, batch_norm):
    """3x3 convolutions with padding 1, each with ReLU and maybe batch norm; "M" is a 2x2 max-pooling."""
    layers = []
    for item in plan:
        if item == "M":
            layers.append(nn.MaxPool2d(2))
            continue
        layers.append(nn.Conv2d(channels, item, 3, padding=1, bias=not batch_norm))
        layers += [nn.BatchNorm2d(item)] if batch_norm else []
        layers.append(nn.ReLU())
        channels = item
    return layers


# torchvision.models.vgg16, configuration D.
vgg16 = nn.Sequential(
    *convolutions([64, 64, "M", 128, 128, "M"] + [256] * 3 + ["M"] + ([512] * 3 + ["M"]) * 2, 3, False), nn.Flatten(),
    nn.Linear(512 * 7 * 7, 4096), nn.ReLU(), nn.Dropout(), nn.Linear(4096, 4096), nn.ReLU(), nn.Dropout(),
    nn.Linear(4096, 1000))
cifar_vgg = nn.Sequential(
    *convolutions([64, 64, "M", 128, 128, "M", 256, 256, "M"], 3, True), nn.Flatten(), nn.Linear(256 * 4 * 4, 10))
for name, model in ("vgg16", vgg16), ("cifar-vgg", cifar_vgg):
    print(name, sum(parameter.numel() for parameter in model.parameters()))
