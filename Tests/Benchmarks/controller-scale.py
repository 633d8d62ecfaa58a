"""Memory and idle processor time of the controller's process alone, with many releases.

Usage: controller-scale.py SLIPWAY RELEASES [--idle SECONDS] [--replicas N]

SLIPWAY is the built program (`swift build -c release --product slipway`). A Git repository declares
so many releases; `slipway sandbox --api-only` serves the cluster from a process of its own; this
script plays kubelet and gateway: it writes the status of pods and accepts routes. When every
release is healthy the controller's process is left alone for a time and measured. Prints one line of
JSON; ends with 1 if the releases do not get there.
"""

import argparse
import http.client
import json
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import urllib.parse
from concurrent.futures import ThreadPoolExecutor

ROOT = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
DEADLINE = 3600

RELEASE = """\
apiVersion: slipway.dev/v1alpha1
kind: ModelRelease
metadata: {{name: model-{number:05}}}
spec:
  runtime: mlserver
  versions:
  - {{name: "1", uri: "s3://models/model-{number:05}/1", weight: 100}}
  serving: {{replicas: {replicas}}}
  traffic: {{gateway: {{parentRefs: [{{name: web}}]}}}}
  strategy: {{canary: {{steps: [{{weight: 50, for: 1s}}], bake: 1s}}}}
"""


def now():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


class API:
    """The API server, with a connection for every thread."""

    def __init__(self, url):
        self.host = urllib.parse.urlparse(url).netloc
        self.local = threading.local()

    def call(self, method, path, body=None, kind="application/json"):
        for attempt in range(3):
            if not hasattr(self.local, "connection"):
                self.local.connection = http.client.HTTPConnection(self.host, timeout=120)
            try:
                self.local.connection.request(
                    method, path, None if body is None else json.dumps(body),
                    {"Content-Type": kind})
                answer = self.local.connection.getresponse()
                return answer.status, json.loads(answer.read() or b"{}")
            except (OSError, http.client.HTTPException):
                del self.local.connection
                if attempt == 2:
                    raise

    def create(self, path, body):
        status, answer = self.call("POST", path, body)
        if status != 201:
            sys.exit(f"POST {path}: {status} {answer.get('message')}")

    def items(self, path):
        more = ""
        while True:
            _, page = self.call("GET", f"{path}?limit=500{more}")
            yield from page.get("items", [])
            token = page.get("metadata", {}).get("continue")
            if not token:
                return
            more = "&continue=" + urllib.parse.quote(token)

    def watch(self, path, see):
        """Calls `see` with everything that is there and with every change."""
        _, first = self.call("GET", path)
        for item in first.get("items", []):
            see(item)
        version = first["metadata"]["resourceVersion"]
        connection = http.client.HTTPConnection(self.host, timeout=DEADLINE)
        connection.request(
            "GET", f"{path}?watch=1&timeoutSeconds={DEADLINE}&resourceVersion={version}")
        for line in connection.getresponse():
            event = json.loads(line)
            if event["type"] in ("ADDED", "MODIFIED"):
                see(event["object"])


class Node:
    """Kubelet and gateway: pods are ready as soon as they are there, routes accepted."""

    def __init__(self, api):
        self.api = api
        self.pods = 0
        self.workers = ThreadPoolExecutor(4)
        for path, see in [
            ("/api/v1/pods", self.pod),
            ("/apis/gateway.networking.k8s.io/v1/httproutes", self.route),
        ]:
            threading.Thread(target=api.watch, args=(path, see), daemon=True).start()

    def pod(self, pod):
        if pod.get("status", {}).get("containerStatuses"):
            return
        self.pods += 1
        number = self.pods
        conditions = [
            {"type": kind, "status": "True", "lastTransitionTime": now()}
            for kind in ("Ready", "ContainersReady")]
        self.patch("api/v1", "pods", pod, {
            "phase": "Running", "startTime": now(),
            "podIP": f"127.{10 + number // 62500}.{number // 250 % 250}.{number % 250 + 1}",
            "conditions": conditions,
            "containerStatuses": [{
                "name": "model", "ready": True, "restartCount": 0, "image": "model", "imageID": "",
                "state": {"running": {"startedAt": now()}}}]})

    def route(self, route):
        metadata, parents = route["metadata"], route.get("status", {}).get("parents") or []
        if parents and parents[0]["conditions"][0]["observedGeneration"] == metadata["generation"]:
            return
        self.patch("apis/gateway.networking.k8s.io/v1", "httproutes", route, {"parents": [{
            "parentRef": route["spec"]["parentRefs"][0],
            "controllerName": "example.com/gateway",
            "conditions": [{
                "type": kind, "status": "True", "reason": kind, "message": "",
                "observedGeneration": metadata["generation"], "lastTransitionTime": now(),
            } for kind in ("Accepted", "ResolvedRefs")]}]})

    def patch(self, group, plural, item, status):
        metadata = item["metadata"]
        path = f"/{group}/namespaces/{metadata['namespace']}/{plural}/{metadata['name']}/status"
        self.workers.submit(
            self.api.call, "PATCH", path, {"status": status}, "application/merge-patch+json")


def repository(folder, releases, replicas):
    path = os.path.join(folder, "models.git")
    subprocess.run(["git", "init", "-q", "--bare", path], check=True)
    script = ["commit refs/heads/main\ncommitter A <a@example.org> 1700000000 +0000\ndata 1\nx\n"]
    for number in range(releases):
        text = RELEASE.format(number=number, replicas=replicas)
        script.append(
            f"M 100644 inline models/{number:05}/release.yaml\ndata {len(text)}\n{text}\n")
    subprocess.run(
        ["git", "-C", path, "fast-import", "--quiet"], input="".join(script).encode(), check=True)
    return path


def memory(process):
    """Resident memory now and at its highest, in MiB, and threads."""
    values = {}
    with open(f"/proc/{process}/status") as lines:
        for line in lines:
            name, _, value = line.partition(":")
            values[name] = value.split()
    return (
        int(values["VmRSS"][0]) / 1024, int(values["VmHWM"][0]) / 1024, int(values["Threads"][0]))


def processor(process):
    """Processor time so far, in seconds."""
    with open(f"/proc/{process}/stat") as file:
        fields = file.read().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


def wait_healthy(api, releases, controller):
    start = time.time()
    while time.time() - start < DEADLINE:
        time.sleep(2 if releases <= 1000 else 10)
        if controller.poll() is not None:
            sys.exit(f"the controller ended with {controller.returncode}")
        phases = {}
        for item in api.items("/apis/slipway.dev/v1alpha1/modelreleases"):
            phase = item.get("status", {}).get("phase", "none")
            proven = item.get("status", {}).get("proven", {})
            if phase == "Healthy" and proven.get("provisional"):
                phase = "Healthy, not proven"
            phases[phase] = phases.get(phase, 0) + 1
        print(f"{time.time() - start:.0f} s: {phases}", file=sys.stderr)
        if phases.get("Healthy", 0) == releases:
            return time.time() - start
    sys.exit("not every release got healthy")


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("slipway")
    parser.add_argument("releases", type=int)
    parser.add_argument("--idle", type=int, default=60, metavar="SECONDS")
    parser.add_argument("--replicas", type=int, default=1)
    arguments = parser.parse_args()
    folder = tempfile.mkdtemp(prefix="slipway-scale-")
    started = []
    # Whoever ends this ends what it has started.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(1))
    try:
        config = os.path.join(folder, "kubeconfig")
        started.append(subprocess.Popen([
            arguments.slipway, "sandbox", "--api-only", "--gateway-api",
            "--definitions", os.path.join(ROOT, "Manifests/crds"), "--kubeconfig-out", config],
            stdout=subprocess.DEVNULL))
        while not os.path.exists(config) or "server:" not in open(config).read():
            time.sleep(0.1)
        server = next(line for line in open(config) if "server:" in line).split()[-1].strip('"')
        api = API(server)
        api.create("/apis/gateway.networking.k8s.io/v1/namespaces/default/gateways", {
            "apiVersion": "gateway.networking.k8s.io/v1", "kind": "Gateway",
            "metadata": {"name": "web"}, "spec": {
                "gatewayClassName": "example",
                "listeners": [{"name": "http", "port": 80, "protocol": "HTTP"}]}})
        api.create("/apis/slipway.dev/v1alpha1/namespaces/default/releasesources", {
            "apiVersion": "slipway.dev/v1alpha1", "kind": "ReleaseSource",
            "metadata": {"name": "models"}, "spec": {
                "url": repository(folder, arguments.releases, arguments.replicas)}})
        node = Node(api)
        controller = subprocess.Popen([
            arguments.slipway, "controller", "--kubeconfig", config, "--allow-local-repositories",
            "--data-dir", os.path.join(folder, "data"), "--settle", "1s", "--drain", "1s",
            "--log-level", "warning"])
        started.append(controller)
        took = wait_healthy(api, arguments.releases, controller)
        time.sleep(20)
        busy = processor(controller.pid)
        resident, highest, threads = memory(controller.pid)
        time.sleep(arguments.idle)
        idle = processor(controller.pid) - busy
        resident, highest, threads = memory(controller.pid)
        print(json.dumps({
            "releases": arguments.releases, "pods": node.pods, "seconds_until_healthy": round(took),
            "processor_seconds_until_then": round(busy, 1),
            "resident_mib": round(resident, 1), "highest_resident_mib": round(highest, 1),
            "threads": threads, "idle_seconds": arguments.idle,
            "idle_processor_percent": round(100 * idle / arguments.idle, 2)}))
    finally:
        for process in started:
            process.kill()
            process.wait()
        shutil.rmtree(folder, ignore_errors=True)


main()
