#!/usr/bin/env python3
"""Loads photos with torchvision and Pillow, and prints images per second of processor time: the other half of
jobs/compare-loader.sh.

    compare-loader.py DIR crop|evaluation
"""
import os
import sys
import time

if not {"-h", "--help"}.intersection(sys.argv):  # the help does without PyTorch
    import torch

    # torchvision's compiled operators, which nothing here needs, do not load beside a PyTorch for CPUs: they are declared.
    library = torch.library.Library("torchvision", "DEF")
    for operator in "nms", "qnms":
        library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    from PIL import Image
    from torchvision import transforms


def main():
    if {"-h", "--help"}.intersection(sys.argv) or len(sys.argv) != 3:
        print(__doc__.strip())
        return 0 if {"-h", "--help"}.intersection(sys.argv) else 2
    directory, kind = sys.argv[1:]
    torch.set_num_threads(1)
    torch.manual_seed(1)
    finish = [transforms.ToTensor(), transforms.Normalize([0.5] * 3, [0.5] * 3)]
    if kind == "crop":
        steps = [transforms.RandomResizedCrop(224), transforms.RandomHorizontalFlip(), *finish]
    else:
        steps = [transforms.Resize(256), transforms.CenterCrop(224), *finish]
    transform = transforms.Compose(steps)

    def load(path):
        with open(path, "rb") as file:
            return transform(Image.open(file).convert("RGB"))

    paths = sorted(
        os.path.join(folder, name)
        for folder, _, names in os.walk(directory)
        for name in names
        if name.lower().endswith((".jpg", ".jpeg", ".png"))
    )
    for path in paths[:20]:
        load(path)
    start = time.process_time()
    for path in paths:
        load(path)
    print(len(paths) / (time.process_time() - start))
    return 0


sys.exit(main())
