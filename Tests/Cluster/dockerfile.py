#!/usr/bin/env python3
"""Reads a Dockerfile where there is no Docker: checks it by some of hadolint's rules, and tells its steps.

    dockerfile.py check FILE       lines of what is wrong; exit code 1 if anything is
    dockerfile.py packages FILE    the Debian packages that its stages install, a line a stage
    dockerfile.py steps FILE       the last stage: "RUN <command>" and "COPY <mode> <from> <source>... <destination>"
"""
import re
import sys


KNOWN = {
    "ARG", "CMD", "COPY", "ENTRYPOINT", "ENV", "EXPOSE", "FROM", "HEALTHCHECK", "LABEL", "RUN", "USER", "WORKDIR",
}


def instructions(path):
    """(line, name, arguments) of each instruction; continued lines are one, comments are none."""
    line, text = 0, ""
    for number, content in enumerate(open(path), 1):
        if content.lstrip().startswith("#") or not content.strip() and not text:
            continue
        line = line or number
        text += content.rstrip("\n")
        if text.endswith("\\"):
            text = text[:-1]
            continue
        name, _, arguments = text.strip().partition(" ")
        yield line, name.upper(), re.sub(r"\s+", " ", arguments.strip())
        line, text = 0, ""


def stages(path):
    """The instructions of each stage, its FROM first."""
    result = []
    for instruction in instructions(path):
        if instruction[1] == "FROM":
            result.append([])
        elif not result:
            sys.exit(f"{path}:{instruction[0]}: expected FROM first, found {instruction[1]}")
        result[-1].append(instruction)
    return result


def installed(arguments):
    """The packages that a RUN installs by apt-get."""
    found = re.search(r"apt-get install ([^&;|]*)", arguments)
    return [word for word in found.group(1).split() if not word.startswith("-")] if found else []


def complaints(stage, is_last, earlier):
    """(line, text) of what is wrong in a stage; the rules' numbers are hadolint's."""
    user = "root"
    for line, name, arguments in stage:
        if name == "FROM" and (":" not in arguments.split()[0] or ":latest" in arguments):
            yield line, "DL3006, DL3007: expected an image with a tag"
        elif name == "RUN":
            if "apt-get install" in arguments:
                for text in ("apt-get update", " -y", "--no-install-recommends", "rm -rf /var/lib/apt/lists/*"):
                    if text not in arguments:
                        yield line, f"DL3008 to DL3015: expected {text} beside apt-get install"
                packages = installed(arguments)
                if packages != sorted(packages):
                    yield line, "packages are not in order"
            if re.search(r"\bsudo\b|\bapt install\b", arguments):
                yield line, "DL3004, DL3027: found sudo or apt"
            if re.search(r"(^|[&;] *)cd ", arguments):
                yield line, "DL3003: expected WORKDIR in place of cd"
            if re.search(r"[^|]\|[^|]", arguments):
                yield line, "DL4006: found a pipe without pipefail"
        elif name == "ADD":
            yield line, "DL3020: expected COPY"
        elif name == "WORKDIR" and not arguments.startswith("/"):
            yield line, "DL3000: expected an absolute path"
        elif name == "COPY" and (found := re.search(r"--from=(\S+)", arguments)) and found.group(1) not in earlier:
            yield line, f"DL3022: no stage {found.group(1)} before"
        elif name in ("CMD", "ENTRYPOINT") and not arguments.startswith("["):
            yield line, "DL3025: expected the form of a JSON list"
        elif name == "USER":
            user = arguments
        elif name not in KNOWN:
            yield line, f"unknown instruction {name}"
    if is_last and user == "root":
        yield stage[-1][0], "DL3002: the last user is root"
    if is_last and not any(name == "HEALTHCHECK" for _, name, _ in stage):
        yield stage[-1][0], "no HEALTHCHECK"


def check(path):
    wrong, earlier = False, set()
    found = stages(path)
    for stage in found:
        for line, text in complaints(stage, stage is found[-1], earlier):
            print(f"{path}:{line}: {text}")
            wrong = True
        if named := re.search(r" AS (\S+)$", stage[0][2], re.IGNORECASE):
            earlier.add(named.group(1))
    sys.exit(1 if wrong else 0)


def packages(path):
    for stage in stages(path):
        print(*[package for _, name, arguments in stage if name == "RUN" for package in installed(arguments)])


def steps(path):
    for _, name, arguments in stages(path)[-1]:
        if name == "RUN":
            print(name, arguments)
        elif name == "COPY":
            mode = re.search(r"--chmod=(\d+)", arguments)
            stage = re.search(r"--from=(\S+)", arguments)
            paths = [word for word in arguments.split() if not word.startswith("--")]
            print(name, mode.group(1) if mode else "-", stage.group(1) if stage else "-", *paths)


if __name__ == "__main__":
    commands = {"check": check, "packages": packages, "steps": steps}
    if len(sys.argv) != 3 or sys.argv[1] not in commands:
        sys.exit(__doc__)
    commands[sys.argv[1]](sys.argv[2])
