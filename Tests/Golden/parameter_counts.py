#!/usr/bin/env python3
"""Prints the numbers of parameters of networks in PyTorch, for ModelTests.swift.

    pip install torch torchvision efficientnet-lite-pytorch
"""
import torch
from torch import nn

# torchvision's compiled operators, which no network here has, do not load beside a PyTorch for CPUs: they are declared.
library = torch.library.Library("torchvision", "DEF")
for operator in "nms", "qnms":
    library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
from efficientnet_lite_pytorch import EfficientNet
from torchvision import models


def cifar_vgg():
    layers, channels = [], 3
    for filters in 64, 128, 256:
        for _ in range(2):
            layers += [nn.Conv2d(channels, filters, 3, padding=1, bias=False), nn.BatchNorm2d(filters), nn.ReLU()]
            channels = filters
        layers.append(nn.MaxPool2d(2))
    return nn.Sequential(*layers, nn.Flatten(), nn.Linear(256 * 4 * 4, 10))


def resnet18_cifar():
    network = models.resnet18(num_classes=10)
    network.conv1 = nn.Conv2d(3, 64, 3, padding=1, bias=False)
    network.maxpool = nn.Identity()
    return network


class NoParameters(nn.Module):
    """A shortcut of He et al. 2016, section 4.2, option A."""


def resnet20():
    """He et al. 2016, section 4.2, n = 3: torchvision's blocks, whose shortcuts have no parameters."""
    layers, channels = [nn.Conv2d(3, 16, 3, padding=1, bias=False), nn.BatchNorm2d(16)], 16
    for filters in 16, 32, 64:
        for _ in range(3):
            shortcut = NoParameters() if filters != channels else None
            layers.append(models.resnet.BasicBlock(channels, filters, filters // channels, shortcut))
            channels = filters
    return nn.Sequential(*layers, nn.Linear(64, 10))


class Residual(nn.Module):
    def __init__(self, branch):
        super().__init__()
        self.branch = branch

    def forward(self, x):
        return x + self.branch(x)


def resnet9(channels):
    def convolution(inputs, outputs):
        return nn.Sequential(nn.Conv2d(inputs, outputs, 3, padding=1, bias=False), nn.BatchNorm2d(outputs), nn.ReLU())

    def residual(channels):
        return Residual(nn.Sequential(convolution(channels, channels), convolution(channels, channels)))

    c = channels
    return nn.Sequential(
        convolution(3, c), convolution(c, 2 * c), nn.MaxPool2d(2), residual(2 * c),
        convolution(2 * c, 4 * c), nn.MaxPool2d(2), convolution(4 * c, 8 * c), nn.MaxPool2d(2), residual(8 * c),
        nn.AdaptiveAvgPool2d(1), nn.Flatten(), nn.Linear(8 * c, 10),
    )


networks = {
    "cifar-vgg": cifar_vgg, "resnet18-cifar": resnet18_cifar, "resnet20": resnet20,
    "resnet9": lambda: resnet9(64), "resnet9-small": lambda: resnet9(32),
}
for name in "alexnet", "vgg11", "vgg16", "vgg19", "resnet18", "resnet34", "resnet50", "mobilenet_v2":
    networks[name.replace("_", "-")] = getattr(models, name)
networks["efficientnet-lite0"] = lambda: EfficientNet.from_name("efficientnet-lite0")
for name, make in networks.items():
    print(f"{name:20}{sum(parameter.numel() for parameter in make().parameters()):12,}")
