#!/usr/bin/env python3
"""A model server as teams write them: FastAPI and uvicorn around a scikit-learn model, speaking
the Open Inference Protocol (version 2).

    SLIPWAY_MODEL_URI      folder of the model (file:///… or a path)
    SLIPWAY_MODEL_VERSION  the version it should be; anything else is refused
    POD_IP, PORT           where it listens (127.0.0.1, 8080)
    POD_NAME               the pod's name (the machine's name)
    DRAIN_SECONDS          how long it goes on answering after SIGTERM (3)
    MODEL_FAULTS           see faults.py

After SIGTERM it serves on, telling clients to close their connections, until everybody must have
heard that it goes; a second signal ends it at once.
"""

from __future__ import annotations

import asyncio
import json
import os
import signal
import socket
import sys
from contextlib import asynccontextmanager
from typing import Any, AsyncIterator

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import numpy
import uvicorn
from fastapi import FastAPI, Request
from fastapi.responses import JSONResponse, Response

import model_files
from faults import Faults

LARGEST_BODY = 1 << 20
NUMBERS = ("FP64", "FP32", "INT64", "INT32")


class Refused(Exception):
    """A request that cannot be answered: status and words."""

    def __init__(self, status: int, words: str) -> None:
        super().__init__(words)
        self.status = status


class ModelServer:
    """One model, and what this pod knows of itself."""

    def __init__(self, uri: str, version: str | None, pod: str) -> None:
        self.place = model_files.folder(uri)
        description = model_files.describe(self.place)
        self.name: str = os.environ.get("MODEL_NAME") or description["name"]
        self.version: str = description["version"]
        self.features: int = description["features"]
        if version and version != self.version:
            raise model_files.Unusable(
                f"{self.place} holds version {self.version}, must be {version}")
        self.pod = pod
        self.faults = Faults(description.get("faults"), pod, self.place)
        self.model: Any = None
        self.is_ending = False
        self._kept: list[bytearray] = []

    async def load(self) -> None:
        """Takes the model into memory; health is answered meanwhile."""
        if self.faults.get("never_ready") is not None:
            print("the model is never loaded: a fault", flush=True)
            return
        model = await asyncio.to_thread(model_files.load, self.place)
        # The first prediction costs more than those that follow.
        model.predict(numpy.zeros((1, self.features)))
        self.model = model
        print(f"{self.name} {self.version} is loaded", flush=True)

    @property
    def is_ready(self) -> bool:
        return self.model is not None and self.faults.get("unready") is None

    def check(self, name: str, version: str | None) -> None:
        if name != self.name or version not in (None, self.version):
            label = name if version is None else f"{name} version {version}"
            raise Refused(404, f"model {label} is not here, {self.name} {self.version} is")

    async def infer(self, body: Any) -> dict[str, Any]:
        self.faults.count()
        if (fault := self.faults.get("crash")) is not None:
            print("ending at once: a fault", flush=True)
            os._exit(int(fault.get("code", 1)))
        if (fault := self.faults.get("leak")) is not None:
            # Written to, or the system would not give the memory.
            self._kept.append(bytearray(b"x") * (int(fault.get("megabytes", 10)) << 20))
        if (fault := self.faults.get("slow")) is not None:
            await asyncio.sleep(fault.get("milliseconds", 1000) / 1000)
        if (fault := self.faults.get("errors")) is not None:
            if self.faults.requests % max(1, int(fault.get("every", 1))) == 0:
                raise Refused(500, "the model failed: a fault")
        fault = self.faults.get("unready")
        if self.model is None or (fault is not None and not fault.get("answers", True)):
            raise Refused(503, f"model {self.name} is not ready")
        rows = self._rows(body)
        predictions = [int(value) for value in self.model.predict(rows)]
        scores = [float(value) for value in self.model.predict_proba(rows)[:, 1]]
        if self.faults.get("wrong") is not None:
            predictions = [1 - value for value in predictions]
            scores = [1 - value for value in scores]
        answer = {
            "model_name": self.name,
            "model_version": self.version,
            "outputs": self._outputs(body, len(rows), predictions, scores),
            "parameters": {"pod": self.pod},
        }
        if isinstance(body.get("id"), str):
            answer["id"] = body["id"]
        return answer

    @staticmethod
    def _outputs(
        body: dict[str, Any], rows: int, predictions: list[int], scores: list[float],
    ) -> list[dict[str, Any]]:
        """The tensors that are asked for by name; without names the prediction alone."""
        known = {
            "predict": {"name": "predict", "shape": [rows, 1], "datatype": "INT64",
                        "data": predictions},
            "score": {"name": "score", "shape": [rows, 1], "datatype": "FP64", "data": scores},
        }
        asked = body.get("outputs") or [{"name": "predict"}]
        if not isinstance(asked, list) or not all(
                isinstance(output, dict) and output.get("name") in known for output in asked):
            raise Refused(400, f"outputs must name some of {', '.join(known)}")
        return [known[output["name"]] for output in asked]

    def _rows(self, body: Any) -> numpy.ndarray:
        inputs = body.get("inputs") if isinstance(body, dict) else None
        if not isinstance(inputs, list) or len(inputs) != 1 or not isinstance(inputs[0], dict):
            raise Refused(400, "inputs must be a list with one tensor")
        tensor = inputs[0]
        if tensor.get("datatype") not in NUMBERS:
            raise Refused(400, f"datatype must be one of {', '.join(NUMBERS)}")
        try:
            data = numpy.asarray(tensor.get("data"), dtype=float).reshape(-1)
            shape = [int(size) for size in tensor.get("shape", [])]
        except (TypeError, ValueError) as error:
            raise Refused(400, f"shape and data must be numbers: {error}") from error
        if len(shape) != 2 or shape[1] != self.features or not 0 < shape[0] <= 10_000:
            raise Refused(400, f"shape must be [N, {self.features}], not {shape}")
        if data.size != shape[0] * shape[1]:
            raise Refused(400, f"data has {data.size} numbers, the shape asks for "
                               f"{shape[0] * shape[1]}")
        if not numpy.isfinite(data).all():
            raise Refused(400, "data must be finite")
        return data.reshape(shape)


async def read(request: Request) -> Any:
    body = bytearray()
    async for part in request.stream():
        body += part
        if len(body) > LARGEST_BODY:
            raise Refused(413, f"a request may have {LARGEST_BODY} bytes")
    try:
        return json.loads(body)
    except ValueError as error:
        raise Refused(400, f"the request is not JSON: {error}") from error


def application(server: ModelServer) -> FastAPI:
    @asynccontextmanager
    async def life(_: FastAPI) -> AsyncIterator[None]:
        loading = asyncio.create_task(server.load())

        def loaded(task: asyncio.Task[None]) -> None:
            if not task.cancelled() and (error := task.exception()) is not None:
                print(f"the model cannot be loaded: {error}", file=sys.stderr, flush=True)
                os._exit(1)

        loading.add_done_callback(loaded)
        yield
        loading.cancel()

    app = FastAPI(title=server.name, version=server.version, lifespan=life)

    @app.exception_handler(Refused)
    async def refused(_: Request, error: Refused) -> JSONResponse:
        return JSONResponse({"error": str(error)}, status_code=error.status)

    @app.middleware("http")
    async def mark(request: Request, proceed: Any) -> Response:
        answer: Response = await proceed(request)
        answer.headers["x-model-version"] = server.version
        if server.is_ending:
            answer.headers["connection"] = "close"
        return answer

    def readiness() -> JSONResponse:
        return JSONResponse({"ready": server.is_ready}, 200 if server.is_ready else 503)

    @app.get("/v2/health/live")
    async def live() -> dict[str, bool]:
        return {"live": True}

    @app.get("/v2/health/ready")
    async def ready() -> JSONResponse:
        return readiness()

    @app.get("/v2")
    async def about() -> dict[str, Any]:
        return {"name": "fastapi", "version": server.version, "extensions": []}

    @app.get("/v2/models/{name}")
    @app.get("/v2/models/{name}/versions/{version}")
    async def metadata(name: str, version: str | None = None) -> dict[str, Any]:
        server.check(name, version)
        return {
            "name": server.name, "versions": [server.version], "platform": "sklearn",
            "inputs": [{"name": "x", "datatype": "FP64", "shape": [-1, server.features]}],
            "outputs": [
                {"name": "predict", "datatype": "INT64", "shape": [-1, 1]},
                {"name": "score", "datatype": "FP64", "shape": [-1, 1]},
            ],
        }

    @app.get("/v2/models/{name}/ready")
    @app.get("/v2/models/{name}/versions/{version}/ready")
    async def model_ready(name: str, version: str | None = None) -> JSONResponse:
        server.check(name, version)
        return readiness()

    @app.post("/v2/models/{name}/infer")
    @app.post("/v2/models/{name}/versions/{version}/infer")
    async def infer(request: Request, name: str, version: str | None = None) -> dict[str, Any]:
        server.check(name, version)
        return await server.infer(await read(request))

    return app


class DrainingServer(uvicorn.Server):
    """Ends some time after the first signal, and serves until then."""

    def __init__(self, config: uvicorn.Config, model: ModelServer, drain: float) -> None:
        super().__init__(config)
        self._model = model
        self._drain = drain

    def handle_exit(self, sig: int, frame: Any) -> None:
        if self._model.is_ending or self._drain <= 0 or sig == signal.SIGINT:
            super().handle_exit(sig, frame)
            return
        self._model.is_ending = True
        print(f"ending in {self._drain:g} seconds", flush=True)
        asyncio.get_running_loop().call_later(self._drain, super().handle_exit, sig, frame)


def main() -> int:
    pod = os.environ.get("POD_NAME") or socket.gethostname()
    uri = os.environ.get("SLIPWAY_MODEL_URI", "")
    if not uri:
        print("serve: SLIPWAY_MODEL_URI must name the model's folder", file=sys.stderr)
        return 2
    try:
        server = ModelServer(uri, os.environ.get("SLIPWAY_MODEL_VERSION"), pod)
        port = int(os.environ.get("PORT", "8080"))
        drain = float(os.environ.get("DRAIN_SECONDS", "3"))
    except (model_files.Unusable, ValueError) as error:
        print(f"serve: {error}", file=sys.stderr)
        return 1
    if (fault := server.faults.get("exit_at_start")) is not None:
        print("serve: ending before listening: a fault", file=sys.stderr)
        return int(fault.get("code", 1))
    config = uvicorn.Config(
        application(server), host=os.environ.get("POD_IP", "127.0.0.1"), port=port,
        access_log=False, log_level="warning",
        # Longer than any gateway keeps an idle connection: the gateway closes it, not we.
        timeout_keep_alive=75, timeout_graceful_shutdown=20)
    DrainingServer(config, server, drain).run()
    return 0


if __name__ == "__main__":
    sys.exit(main())
