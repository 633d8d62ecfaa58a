"""Folders of trained models: `model.json` says what it is, `model.joblib` is the model."""

from __future__ import annotations

import hashlib
import json
from pathlib import Path
from typing import Any

DESCRIPTION = "model.json"
MODEL = "model.joblib"


class Unusable(Exception):
    """The folder holds no model that can be served; the text says why."""


def folder(uri: str) -> Path:
    """The folder that a URI names: `file:///…` or a plain path."""
    if "://" in uri and not uri.startswith("file://"):
        raise Unusable(f"{uri}: only file:// can be read here")
    return Path(uri.removeprefix("file://"))


def describe(place: Path) -> dict[str, Any]:
    try:
        description = json.loads((place / DESCRIPTION).read_text())
    except (OSError, ValueError) as error:
        raise Unusable(f"{place / DESCRIPTION}: {error}") from error
    if not isinstance(description, dict) or not {"name", "version", "features"} <= set(description):
        raise Unusable(f"{place / DESCRIPTION}: name, version and features must be there")
    return description


def sha256(path: Path) -> str:
    return "sha256:" + hashlib.sha256(path.read_bytes()).hexdigest()


def load(place: Path) -> Any:
    """The model itself; its digest is checked first."""
    import joblib

    description = describe(place)
    expected = description.get("digest")
    try:
        found = sha256(place / MODEL)
    except OSError as error:
        raise Unusable(str(error)) from error
    if expected and found != expected:
        raise Unusable(f"{place / MODEL} is {found}, must be {expected}")
    return joblib.load(place / MODEL)
