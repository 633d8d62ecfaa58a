"""Faults that a model server can be given, to see what its surroundings make of them.

They stand in the model's `model.json` under `faults` (the fault came with the model) or in the
variable MODEL_FAULTS, which wins. Each is an object by name:

    unready        readiness goes off; with "answers": false inference answers 503 from then on
    crash          the process ends at once, with exit status "code" (1)
    errors         every "every"th (1) inference answers 500
    slow           inference takes "milliseconds" (1000) longer
    wrong          predictions are turned round
    leak           every inference keeps "megabytes" (10) more
    never_ready    the model is never loaded
    exit_at_start  the process ends before it listens, with exit status "code" (1)

When: "after_requests": N inferences or "after_seconds": T seconds after the start; neither means
from the start. Where: "pods": "all" (default), "first" (the first pod that answers an inference)
or "K/N" (pods whose name hashes to K of N).
"""

from __future__ import annotations

import hashlib
import json
import os
import time
from pathlib import Path
from typing import Any

NAMES = (
    "unready", "crash", "errors", "slow", "wrong", "leak", "never_ready", "exit_at_start",
)


class Faults:
    """The faults of one process and how many inferences it has had."""

    def __init__(self, described: Any, pod: str, place: Path) -> None:
        text = os.environ.get("MODEL_FAULTS", "")
        faults = json.loads(text) if text else described or {}
        if not isinstance(faults, dict) or not all(isinstance(f, dict) for f in faults.values()):
            raise ValueError("faults must be an object of objects")
        unknown = sorted(set(faults) - set(NAMES))
        if unknown:
            raise ValueError(f"unknown faults: {', '.join(unknown)}; there are {', '.join(NAMES)}")
        for name, fault in faults.items():
            _check_pods(name, fault.get("pods", "all"))
        self._faults: dict[str, dict[str, Any]] = faults
        self._pod = pod
        self._place = Path(os.environ.get("MODEL_FAULT_DIR", place))
        self._started = time.monotonic()
        self._claims: dict[str, bool] = {}
        self.requests = 0

    def get(self, name: str) -> dict[str, Any] | None:
        """The fault's settings if it has begun on this pod."""
        fault = self._faults.get(name)
        if fault is None or self.requests < fault.get("after_requests", 0):
            return None
        if time.monotonic() - self._started < fault.get("after_seconds", 0):
            return None
        return fault if self._is_here(name, fault.get("pods", "all")) else None

    def count(self) -> None:
        """One more inference."""
        self.requests += 1
        for name, fault in self._faults.items():
            # The claim is made by the first inference, not by the one that sets the fault off.
            self._is_here(name, fault.get("pods", "all"))

    def _is_here(self, name: str, pods: str) -> bool:
        if pods == "all":
            return True
        if pods == "first":
            if name not in self._claims and self.requests > 0:
                self._claims[name] = self._claim(name)
            return self._claims.get(name, False)
        number, of = (int(part) for part in pods.split("/"))
        return int(hashlib.sha256(self._pod.encode()).hexdigest(), 16) % of == number

    def _claim(self, name: str) -> bool:
        """One pod of all that share the model's folder gets it, and keeps it over a restart."""
        path = self._place / f"fault-{name}.pod"
        try:
            with open(path, "x", encoding="utf-8") as file:
                file.write(self._pod)
            return True
        except FileExistsError:
            return path.read_text(encoding="utf-8") == self._pod
        except OSError as error:
            print(f"fault {name} cannot be claimed: {error}", flush=True)
            return False


def _check_pods(name: str, pods: Any) -> None:
    if pods in ("all", "first"):
        return
    parts = str(pods).split("/")
    if len(parts) != 2 or not all(p.isdigit() for p in parts) or int(parts[0]) >= int(parts[1]):
        raise ValueError(f'fault {name}: pods must be "all", "first" or "K/N", not {pods!r}')
