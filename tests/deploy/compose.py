#!/usr/bin/env python3
# SPDX-License-Identifier: MIT
"""compose.py <compose file> | --self-test: what the Compose specification asks of
the parts that ours uses: known words of the right kind, names and files that are
there. Not a run: that takes Docker."""
import copy
import os
import re
import sys

import yaml

TOP = {"name", "services", "networks", "volumes"}
SERVICE = {
    "image": str, "build": dict, "command": list, "env_file": str,
    "environment": dict, "depends_on": dict, "healthcheck": dict, "ports": list,
    "volumes": list, "networks": list, "restart": str, "read_only": bool,
    "tmpfs": str, "cap_drop": list, "security_opt": list,
    "stop_grace_period": str,
}
HEALTH = {"test": list, "interval": str, "timeout": str, "retries": int,
          "start_period": str}
CONDITIONS = {"service_started", "service_healthy",
              "service_completed_successfully"}
DURATION = re.compile(r"(\d+(us|ms|s|m|h))+$")
PORT = re.compile(r"(\d+\.\d+\.\d+\.\d+:)?\d+:\d+(/(tcp|udp))?$")


def words(where, given, known, wrong):
    for key, value in given.items():
        if key not in known:
            wrong.append(f"{where}: unknown word {key}")
        elif not isinstance(value, known[key]):
            wrong.append(f"{where}: {key} is no {known[key].__name__}")


def check_health(where, health, wrong):
    words(where, health, HEALTH, wrong)
    if health.get("test", [""])[0] not in ("CMD", "CMD-SHELL", "NONE"):
        wrong.append(f"{where}: the test begins with CMD or CMD-SHELL")
    for key in ("interval", "timeout", "start_period"):
        if key in health and not DURATION.match(health[key]):
            wrong.append(f"{where}: {key} is no time")


def check_volumes(where, service, doc, folder, wrong):
    for volume in service.get("volumes", []):
        source, target = volume.split(":")[:2]
        if not target.startswith("/"):
            wrong.append(f"{where}: {target} is no absolute path")
        if source.startswith("."):
            # what the user brings is not there yet
            path = os.path.join(folder, source)
            if os.path.basename(path) != "certificates" and not os.path.exists(path):
                wrong.append(f"{where}: {source} is missing")
        elif source not in doc.get("volumes", {}):
            wrong.append(f"{where}: unknown volume {source}")


def check_build(where, build, folder, wrong):
    words(where, build, {"context": str, "dockerfile": str}, wrong)
    file = os.path.join(folder, build["context"], build["dockerfile"])
    if not os.path.exists(file):
        wrong.append(f"{where}: {file} is missing")


def check_service(name, service, doc, folder, wrong):
    where = f"services.{name}"
    words(where, service, SERVICE, wrong)
    if "image" not in service and "build" not in service:
        wrong.append(f"{where}: neither image nor build")
    if "build" in service:
        check_build(where, service["build"], folder, wrong)
    if "healthcheck" in service:
        check_health(f"{where}.healthcheck", service["healthcheck"], wrong)
    for other, how in service.get("depends_on", {}).items():
        if other not in doc["services"]:
            wrong.append(f"{where}: depends on unknown {other}")
        elif how.get("condition") not in CONDITIONS:
            wrong.append(f"{where}: unknown condition")
        elif (how["condition"] == "service_healthy"
              and "healthcheck" not in doc["services"][other]):
            wrong.append(f"{where}: {other} has no healthcheck")
    for port in service.get("ports", []):
        if not isinstance(port, str) or not PORT.match(port):
            wrong.append(f"{where}: {port} is no port (in quotes)")
    for network in service.get("networks", []):
        if network not in doc.get("networks", {}):
            wrong.append(f"{where}: unknown network {network}")
    if "stop_grace_period" in service and not DURATION.match(
            service["stop_grace_period"]):
        wrong.append(f"{where}: stop_grace_period is no time")
    check_volumes(where, service, doc, folder, wrong)


def problems(doc, folder):
    wrong = []
    for key in doc:
        if key not in TOP and not key.startswith("x-"):
            wrong.append(f"unknown word {key}")
    used = set()
    for name, service in doc["services"].items():
        check_service(name, service, doc, folder, wrong)
        used |= {v.split(":")[0] for v in service.get("volumes", [])}
    wrong += [f"volume {v} is not used" for v in doc.get("volumes", {})
              if v not in used]
    return wrong


def upstream_problems(doc, folder):
    """nginx asks nodes that there are."""
    path = os.path.join(folder, "nginx/hospital-upstream-compose.conf")
    with open(path, encoding="utf-8") as file:
        asked = set(re.findall(r"^\s*server (\w+):5002", file.read(), re.M))
    nodes = {name for name, service in doc["services"].items()
             if service.get("image") == "peal-hospital"}
    return [] if asked == nodes and nodes else [f"nginx asks {asked} of {nodes}"]


def breakages():
    def edit(fn):
        def run(doc):
            fn(doc["services"])
        return run
    yield edit(lambda s: s["node1"].update(comand=["x"]))
    yield edit(lambda s: s["node1"].update(volumes=["nowhere:/x"]))
    yield edit(lambda s: s["redis"].pop("healthcheck"))
    yield edit(lambda s: s["redis"].pop("image"))
    yield edit(lambda s: s["nginx"].update(ports=[443]))
    yield edit(lambda s: s["nginx"].update(volumes=["./nowhere.conf:/x"]))
    yield edit(lambda s: s["nginx"].update(networks=["else"]))
    yield edit(lambda s: s["node2"]["healthcheck"].update(interval="5"))
    yield edit(lambda s: s.pop("node2"))


def load(path):
    with open(path, encoding="utf-8") as file:
        return yaml.safe_load(file)


def main():
    path = sys.argv[1]
    folder = os.path.dirname(os.path.abspath(path))
    doc = load(path)
    if "--self-test" in sys.argv:
        for number, breakage in enumerate(breakages()):
            broken = copy.deepcopy(doc)
            breakage(broken)
            if not problems(broken, folder):
                sys.exit(f"breakage {number} was not found")
        return
    wrong = problems(doc, folder) + upstream_problems(doc, folder)
    print("\n".join(wrong) or f"ok - {len(doc['services'])} services")
    sys.exit(1 if wrong else 0)


if __name__ == "__main__":
    main()
