#!/usr/bin/env python3
"""Checks of the models and their servers: `.python/bin/python -m unittest` in this folder."""

from __future__ import annotations

import importlib.util
import json
import os
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request
from pathlib import Path
from typing import Any

import train

HERE = Path(__file__).resolve().parent


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return int(free.getsockname()[1])


class Served:
    """A model server as a process, for as long as the block runs."""

    def __init__(self, place: Path, version: str, script: str = "serve.py", **more: str) -> None:
        self.port = free_port()
        environment = os.environ | {
            "SLIPWAY_MODEL_URI": f"file://{place / version}", "SLIPWAY_MODEL_VERSION": version,
            "PORT": str(self.port), "POD_IP": "127.0.0.1", "POD_NAME": "pod-a",
            "DRAIN_SECONDS": "0.5",
        } | more
        if script != "serve.py":
            environment |= {
                "MLSERVER_HTTP_PORT": str(self.port), "MLSERVER_GRPC_PORT": str(free_port()),
                "MLSERVER_METRICS_PORT": str(free_port()),
            }
        self.process = subprocess.Popen(
            [sys.executable, str(HERE / script)], env=environment, text=True,
            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

    def __enter__(self) -> Served:
        return self

    def __exit__(self, *_: object) -> None:
        self.process.kill()
        self.process.communicate()

    def ask(self, path: str, body: Any = None) -> tuple[int, Any, Any]:
        data = None if body is None else json.dumps(body).encode()
        request = urllib.request.Request(
            f"http://127.0.0.1:{self.port}{path}", data=data,
            headers={"Content-Type": "application/json"})
        try:
            with urllib.request.urlopen(request, timeout=20) as answer:
                return answer.status, json.loads(answer.read() or b"null"), answer.headers
        except urllib.error.HTTPError as error:
            return error.code, json.loads(error.read() or b"null"), error.headers

    def wait(self, status: int = 200, path: str = "/v2/models/fraud-scorer/ready") -> None:
        until = time.monotonic() + 30
        while time.monotonic() < until:
            try:
                if self.ask(path)[0] == status:
                    return
            except OSError:
                pass
            if self.process.poll() is not None:
                raise AssertionError(f"it ended: {self.process.stderr.read()}")
            time.sleep(0.05)
        raise AssertionError(f"{path} never answered {status}")

    def infer(self, request: Any) -> tuple[int, Any, Any]:
        return self.ask("/v2/models/fraud-scorer/infer", request)


class ModelsTest(unittest.TestCase):
    @classmethod
    def setUpClass(cls) -> None:
        cls.kept = tempfile.TemporaryDirectory()
        cls.place = Path(cls.kept.name) / "fraud-scorer"
        cls.report = train.train(Path(cls.kept.name), "fraud-scorer")
        lines = (cls.place / "golden.jsonl").read_text().splitlines()
        cls.golden = [json.loads(line) for line in lines]

    @classmethod
    def tearDownClass(cls) -> None:
        cls.kept.cleanup()

    def failures(self, server: Served) -> int:
        failed = 0
        for line in self.golden:
            status, answer, _ = server.infer(line["request"])
            predict = [o for o in answer.get("outputs", []) if o["name"] == "predict"]
            expected = line["expect"]["outputs"][0]["data"]
            failed += status != 200 or predict[0]["data"] != expected
        return failed

    def test_versions_differ_as_promised(self) -> None:
        accuracy = {version: entry["accuracy"] for version, entry in self.report.items()}
        self.assertGreater(accuracy["1"], 0.8)
        self.assertGreater(accuracy["2"], accuracy["1"] + 0.03)
        self.assertGreater(accuracy["3"], 0.95)
        self.assertLess(accuracy["4"], 0.2)

    def test_training_again_gives_the_same(self) -> None:
        with tempfile.TemporaryDirectory() as again:
            train.train(Path(again), "fraud-scorer")
            for name in ["golden.jsonl", "2/model.json"]:
                other = Path(again) / "fraud-scorer" / name
                self.assertEqual(other.read_bytes(), (self.place / name).read_bytes(), name)

    def test_golden_requests_have_both_answers(self) -> None:
        answers = {line["expect"]["outputs"][0]["data"][0] for line in self.golden}
        self.assertEqual(answers, {0, 1})
        self.assertEqual(len(self.golden), train.GOLDEN)

    def test_good_versions_answer_golden_requests(self) -> None:
        for version in "12":
            with Served(self.place, version) as server:
                server.wait()
                self.assertEqual(self.failures(server), 0, version)
                status, answer, headers = server.infer(self.golden[0]["request"])
                self.assertEqual((status, answer["model_version"]), (200, version))
                self.assertEqual(headers["x-model-version"], version)

    def test_version_4_answers_all_of_them_wrong(self) -> None:
        with Served(self.place, "4") as server:
            server.wait()
            self.assertEqual(self.failures(server), len(self.golden))

    def test_version_3_loses_the_readiness_of_its_first_pod_alone(self) -> None:
        request = self.golden[0]["request"]
        with Served(self.place, "3") as first, Served(self.place, "3", POD_NAME="b") as second:
            first.wait()
            second.wait()
            codes = [first.infer(request)[0] for _ in range(60)]
            self.assertEqual(codes, [200] * 39 + [503] * 21)
            self.assertEqual(first.ask("/v2/health/ready")[0], 503)
            self.assertEqual(first.ask("/v2/health/live")[0], 200)
            self.assertEqual([second.infer(request)[0] for _ in range(60)], [200] * 60)
            self.assertEqual(second.ask("/v2/health/ready")[0], 200)

    def test_protocol_errors_have_words(self) -> None:
        with Served(self.place, "2") as server:
            server.wait()
            tensor = {"name": "x", "shape": [1, 2], "datatype": "FP64", "data": [1, 2]}
            for body, words in [({}, "inputs"), ({"inputs": [tensor]}, "shape must be [N, 30]"),
                                ({"inputs": [tensor | {"datatype": "BYTES"}]}, "datatype")]:
                status, answer, _ = server.infer(body)
                self.assertEqual(status, 400)
                self.assertIn(words, answer["error"])
            for path in ["/v2/models/other", "/v2/models/fraud-scorer/versions/9/ready"]:
                self.assertEqual(server.ask(path)[0], 404)
            self.assertEqual(server.ask("/v2/models/fraud-scorer/versions/2")[1]["versions"], ["2"])

    def test_faults(self) -> None:
        request = self.golden[0]["request"]
        with Served(self.place, "2", MODEL_FAULTS='{"crash": {"after_requests": 2}}') as server:
            server.wait()
            self.assertEqual(server.infer(request)[0], 200)
            with self.assertRaises(OSError):
                server.infer(request)
            self.assertEqual(server.process.wait(10), 1)
        with Served(self.place, "2", MODEL_FAULTS='{"errors": {"every": 2}}') as server:
            server.wait()
            self.assertEqual([server.infer(request)[0] for _ in range(4)], [200, 500] * 2)
        with Served(self.place, "2", MODEL_FAULTS='{"wrong": {}}') as server:
            server.wait()
            self.assertEqual(self.failures(server), len(self.golden))
        with Served(self.place, "2", MODEL_FAULTS='{"slow": {"milliseconds": 300}}') as server:
            server.wait()
            start = time.monotonic()
            self.assertEqual(server.infer(request)[0], 200)
            self.assertGreater(time.monotonic() - start, 0.29)
        with Served(self.place, "2", MODEL_FAULTS='{"never_ready": {}}') as server:
            server.wait(path="/v2/health/live")
            self.assertEqual(server.ask("/v2/models/fraud-scorer/ready")[0], 503)
        for faults, words in [('{"exit_at_start": {}}', "a fault"), ('{"tpyo": {}}', "unknown")]:
            with Served(self.place, "2", MODEL_FAULTS=faults) as server:
                self.assertEqual(server.process.wait(30), 1)
                self.assertIn(words, server.process.stderr.read())

    def test_a_wrong_folder_is_refused(self) -> None:
        broken = self.place.parent / "broken"
        (broken / "2").mkdir(parents=True)
        description = (self.place / "2" / "model.json").read_text()
        (broken / "2" / "model.json").write_text(description)
        (broken / "2" / "model.joblib").write_bytes(b"something else")
        with Served(broken, "2") as server:
            self.assertEqual(server.process.wait(30), 1)
            self.assertIn("must be sha256:", server.process.stderr.read())
        with Served(self.place, "7") as server:
            self.assertEqual(server.process.wait(30), 1)

    def test_it_serves_on_after_the_first_signal(self) -> None:
        with Served(self.place, "2") as server:
            server.wait()
            server.process.send_signal(signal.SIGTERM)
            time.sleep(0.2)
            status, _, headers = server.infer(self.golden[0]["request"])
            self.assertEqual((status, headers["connection"]), (200, "close"))
            self.assertEqual(server.ask("/v2/health/ready")[0], 200)
            server.process.wait(10)

    @unittest.skipUnless(importlib.util.find_spec("mlserver_sklearn"), "MLServer is not installed")
    def test_mlserver_answers_the_same(self) -> None:
        with Served(self.place, "2", "serve_mlserver.py") as server:
            server.wait()
            self.assertEqual(self.failures(server), 0)
            status, answer, _ = server.infer(self.golden[0]["request"])
            self.assertEqual((status, answer["model_version"]), (200, "2"))


if __name__ == "__main__":
    unittest.main()
