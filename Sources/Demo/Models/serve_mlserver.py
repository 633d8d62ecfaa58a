#!/usr/bin/env python3
"""What an image of MLServer does when it starts: serves the models of a folder.

The folder (SLIPWAY_MODEL_URI or MLSERVER_MODEL_URI, file:///… or a path) holds a
`model-settings.json`. Ports come from MLSERVER_HTTP_PORT and so on; it listens on POD_IP alone.
"""

from __future__ import annotations

import os
import sys

import model_files


def main() -> int:
    uri = os.environ.pop("MLSERVER_MODEL_URI", "")
    try:
        place = model_files.folder(os.environ.get("SLIPWAY_MODEL_URI") or uri or ".").resolve()
        if not (place / "model-settings.json").is_file():
            raise model_files.Unusable(f"{place}: there is no model-settings.json")
        version = os.environ.get("SLIPWAY_MODEL_VERSION")
        found = model_files.describe(place)["version"]
        if version and version != found:
            raise model_files.Unusable(f"{place} holds version {found}, must be {version}")
    except model_files.Unusable as error:
        print(f"serve_mlserver: {error}", file=sys.stderr)
        return 1
    os.environ.setdefault("MLSERVER_HOST", os.environ.get("POD_IP", "127.0.0.1"))
    # One process: a pool of them would cost a hundred megabytes more and bring nothing here.
    os.environ.setdefault("MLSERVER_PARALLEL_WORKERS", "0")
    command = os.path.join(os.path.dirname(sys.executable), "mlserver")
    try:
        os.execv(command, [command, "start", str(place)])
    except OSError as error:
        print(f"serve_mlserver: {command}: {error.strerror}: run "
              "Scripts/python-environment --mlserver", file=sys.stderr)
        return 1


if __name__ == "__main__":
    sys.exit(main())
