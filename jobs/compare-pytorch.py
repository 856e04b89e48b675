#!/usr/bin/env python3
"""Measures a network in PyTorch (eager) and prints images per second: the other half of jobs/compare-pytorch.sh.

Networks mirror Sources/Networks/Zoo; deep ones are those of torchvision and efficientnet-lite-pytorch. Trains on random
batches that are in memory already, by cross-entropy and SGD with Nesterov momentum, or only infers (--forward). With
--processes, each takes one core of the affinity mask and a batch of its own, and DistributedDataParallel averages their
gradients by gloo.
"""
import argparse
import datetime
import math
import os
import signal
import sys
import time

if not {"-h", "--help"}.intersection(sys.argv):  # the help does without PyTorch
    import torch
    from torch import distributed, nn

BATCHES = 4  # different ones, a pass


def conv(inputs, filters, kernel=3, padding=0):
    return [nn.Conv2d(inputs, filters, kernel, padding=padding), nn.ReLU(inplace=True)]


def conv_bn(inputs, filters, padding=0):
    convolution = nn.Conv2d(inputs, filters, 3, padding=padding, bias=False)
    return [convolution, nn.BatchNorm2d(filters), nn.ReLU(inplace=True)]


def dense(inputs, units):
    return [nn.Linear(inputs, units), nn.ReLU(inplace=True)]


def pool():
    return nn.MaxPool2d(2)


def mnist_cnn(padding, features):
    return [
        *conv(1, 32, padding=padding), pool(), *conv(32, 64, padding=padding), pool(),
        nn.Flatten(), *dense(features, 128), nn.Linear(128, 10),
    ]


def mnist_small():
    return [*conv(1, 32), pool(), nn.Flatten(), *dense(32 * 13 * 13, 128), nn.Linear(128, 10)]


def lenet5():
    return [
        *conv(1, 6, kernel=5, padding=2), pool(), *conv(6, 16, kernel=5), pool(),
        nn.Flatten(), *dense(16 * 5 * 5, 120), *dense(120, 84), nn.Linear(84, 10),
    ]


def mnist_bn():
    return [
        *conv_bn(1, 32), *conv_bn(32, 32), pool(), nn.Dropout(0.25),
        *conv_bn(32, 64), *conv_bn(64, 64), pool(), nn.Dropout(0.25),
        nn.Flatten(), nn.Linear(64 * 4 * 4, 128, bias=False), nn.BatchNorm1d(128), nn.ReLU(inplace=True),
        nn.Dropout(0.5), nn.Linear(128, 10),
    ]


def cifar_vgg():
    return [
        *conv_bn(3, 64, padding=1), *conv_bn(64, 64, padding=1), pool(),
        *conv_bn(64, 128, padding=1), *conv_bn(128, 128, padding=1), pool(),
        *conv_bn(128, 256, padding=1), *conv_bn(256, 256, padding=1), pool(),
        nn.Flatten(), nn.Linear(256 * 4 * 4, 10),
    ]


def vgg16():
    """Simonyan and Zisserman 2015, configuration D."""
    layers, inputs = [], 3
    for filters, convolutions in (64, 2), (128, 2), (256, 3), (512, 3), (512, 3):
        for _ in range(convolutions):
            layers += conv(inputs, filters, padding=1)
            inputs = filters
        layers.append(pool())
    return layers + [
        nn.Flatten(), *dense(512 * 7 * 7, 4096), nn.Dropout(0.5), *dense(4096, 4096), nn.Dropout(0.5),
        nn.Linear(4096, 1000),
    ]


def torchvision_network(name, **options):
    """Its compiled operators, which no network here has, do not load beside PyTorch for CPUs: they are declared."""
    library = torch.library.Library("torchvision", "FRAGMENT")
    for operator in "nms", "qnms":
        library.define(f"{operator}(Tensor dets, Tensor scores, float iou_threshold) -> Tensor")
    import torchvision

    return getattr(torchvision.models, name)(**options)


def resnet18_cifar():
    network = torchvision_network("resnet18", num_classes=10)
    network.conv1 = nn.Conv2d(3, 64, 3, padding=1, bias=False)
    network.maxpool = nn.Identity()
    return [network]


def efficientnet_lite0():
    from efficientnet_lite_pytorch import EfficientNet

    return [EfficientNet.from_name("efficientnet-lite0", drop_connect_rate=0.0)]


# Layers, shape of an image (C, H, W), classes.
NETWORKS = {
    "mnist-cnn": (lambda: mnist_cnn(0, 64 * 5 * 5), (1, 28, 28), 10),
    "mnist-cnn-same": (lambda: mnist_cnn(1, 64 * 7 * 7), (1, 28, 28), 10),
    "mnist-small": (mnist_small, (1, 28, 28), 10),
    "lenet5": (lenet5, (1, 28, 28), 10),
    "mnist-bn": (mnist_bn, (1, 28, 28), 10),
    "cifar-vgg": (cifar_vgg, (3, 32, 32), 10),
    "vgg16": (vgg16, (3, 224, 224), 1000),
    "resnet18-cifar": (resnet18_cifar, (3, 32, 32), 10),
    "resnet50": (lambda: [torchvision_network("resnet50")], (3, 224, 224), 1000),
    "mobilenet-v2": (lambda: [torchvision_network("mobilenet_v2")], (3, 224, 224), 1000),
    "efficientnet-lite0": (efficientnet_lite0, (3, 224, 224), 1000),
}


def training_step(model):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.01, momentum=0.95, nesterov=True)

    def step(images, labels):
        optimizer.zero_grad(set_to_none=True)
        nn.functional.cross_entropy(model(images), labels).backward()
        optimizer.step()

    return step


def inference_step(model):
    model.eval()

    @torch.no_grad()
    def step(images, labels):
        model(images)

    return step


def seconds_for(passes, step, batches):
    start = time.perf_counter()
    for _ in range(passes):
        for images, labels in batches:
            step(images, labels)
    return time.perf_counter() - start


def images_per_second(arguments):
    """Of all processes together. The first pass is dropped, the second says how many passes fill the time."""
    torch.set_num_threads(arguments.threads)
    torch.manual_seed(1)
    layout = torch.channels_last if arguments.layout == "channels_last" else torch.contiguous_format
    size = arguments.batch
    layers, shape, classes = NETWORKS[arguments.network]
    model = nn.Sequential(*layers()).to(memory_format=layout)
    if arguments.processes > 1:
        model = nn.parallel.DistributedDataParallel(model, gradient_as_bucket_view=True)
    step = inference_step(model) if arguments.forward else training_step(model)
    batches = [
        (torch.randn(size, *shape).to(memory_format=layout), torch.randint(0, classes, (size,)))
        for _ in range(BATCHES)
    ]
    seconds_for(1, step, batches)
    passes = torch.tensor(math.ceil(arguments.seconds / seconds_for(1, step, batches)))
    if arguments.processes > 1:
        distributed.broadcast(passes, 0)  # the processes must agree on the number of steps
    passes = int(passes)
    images = arguments.processes * passes * BATCHES * size
    return images / seconds_for(passes, step, batches)


def process(rank, arguments, port):
    os.sched_setaffinity(0, {sorted(os.sched_getaffinity(0))[rank]})
    os.environ["GLOO_SOCKET_IFNAME"] = "lo"
    store = distributed.TCPStore("127.0.0.1", port, is_master=False)
    distributed.init_process_group(
        "gloo", store=store, rank=rank, world_size=arguments.processes, timeout=datetime.timedelta(seconds=60))
    rate = images_per_second(arguments)
    if rank == 0:
        print(rate, flush=True)
    distributed.barrier()
    os._exit(0)  # what gloo's threads still hold can abort an interpreter that ends in order


def run_processes(arguments):
    """Ends the processes when one of them fails or this one is told to end."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    store = distributed.TCPStore("127.0.0.1", 0, is_master=True, wait_for_workers=False)  # 0: any free port
    torch.multiprocessing.spawn(process, (arguments, store.port), nprocs=arguments.processes, daemon=True)


def main():
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--network", choices=NETWORKS, default="mnist-cnn")
    parser.add_argument("--layout", choices=("nchw", "channels_last"), default="channels_last")
    parser.add_argument("--batch", type=int, default=64, help="images a step and process")
    parser.add_argument("--threads", type=int, default=1, help="threads a process")
    parser.add_argument("--processes", type=int, default=1)
    parser.add_argument("--forward", action="store_true", help="inference only")
    parser.add_argument("--seconds", type=float, default=2, help="time to measure for")
    parser.add_argument("--parameters", action="store_true", help="print the number of parameters and end")
    arguments = parser.parse_args()
    if min(arguments.batch, arguments.threads, arguments.processes) < 1 or not arguments.seconds > 0:
        parser.error("--batch, --threads, --processes and --seconds must be above 0")
    if arguments.processes > len(os.sched_getaffinity(0)):
        parser.error(f"{arguments.processes} processes need a core each, found {len(os.sched_getaffinity(0))}")

    if arguments.parameters:
        print(sum(parameter.numel() for parameter in nn.Sequential(*NETWORKS[arguments.network][0]()).parameters()))
    elif arguments.processes > 1:
        run_processes(arguments)
    else:
        print(images_per_second(arguments))


if __name__ == "__main__":
    main()
