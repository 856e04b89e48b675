#!/usr/bin/env python3
"""Checks a compose file where there is no Docker: compose.py COMPOSE.yaml HOSTFILE. Exit code 1 if it is wrong."""
import os
import sys

import yaml

KEYS = {
    "build", "command", "depends_on", "healthcheck", "hostname", "image", "init", "networks", "shm_size", "volumes",
}


def complaints(path, hostfile):
    compose = yaml.safe_load(open(path))
    services = compose["services"]
    for key in compose:
        if key not in ("name", "services", "networks", "volumes") and not key.startswith("x-"):
            yield f"unknown key {key}"
    for name, service in services.items():
        for key in service.keys() - KEYS:
            yield f"{name}: unknown key {key}"
        for network in service["networks"]:
            if network not in compose["networks"]:
                yield f"{name}: no network {network}"
        for volume in service["volumes"]:
            if volume.split(":")[0] not in compose["volumes"]:
                yield f"{name}: no volume {volume}"
        for other, condition in service.get("depends_on", {}).items():
            if other not in services:
                yield f"{name}: depends on {other}, which is no service"
            elif condition["condition"] == "service_healthy" and "healthcheck" not in services[other]:
                yield f"{name}: {other} is waited for and has no healthcheck"
        if not all(isinstance(word, str) for word in service["command"]):
            yield f"{name}: expected words, found {service['command']}"
    builds = [service["build"] for service in services.values() if "build" in service]
    if len(builds) != 1:
        yield f"expected one service that builds the image, found {len(builds)}"
    for build in builds:
        file = os.path.join(os.path.dirname(path), build["context"], build["dockerfile"])
        if not os.path.exists(file):
            yield f"no {file}"
    hosts = [line.split()[0] for line in open(hostfile) if line.strip() and not line.startswith("#")]
    if sorted(hosts) != sorted(service.get("hostname") for service in services.values() if "hostname" in service):
        yield f"{hostfile} names {hosts}, which are not the services with a hostname"


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    found = list(complaints(sys.argv[1], sys.argv[2]))
    for text in found:
        print(f"{sys.argv[1]}: {text}")
    sys.exit(1 if found else 0)
