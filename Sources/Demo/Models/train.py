#!/usr/bin/env python3
"""Trains the versions of the demo's model and writes them to a folder.

    train.py FOLDER [--name fraud-scorer]

The data set is the one on breast cancer that ships with scikit-learn: 569 rows of 30 numbers and
a yes or no, which is the shape of fraud scoring as well. Training is deterministic: the same
packages give the same predictions. Each version gets a folder:

    FOLDER/NAME/1/      two of the thirty columns: it works, and misses more
    FOLDER/NAME/2/      all columns: better
    FOLDER/NAME/3/      as good as 2, but the first of its pods that answers a request loses its
                        readiness a little later (see faults.py)
    FOLDER/NAME/4/      trained on labels that somebody mixed up: what is yes is no
    FOLDER/NAME/golden.jsonl     requests that 1, 2 and 3 answer alike, with the answer
    FOLDER/NAME/requests.jsonl   rows that no version was trained on, for traffic
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import sys
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

import joblib
import numpy
from sklearn.compose import ColumnTransformer
from sklearn.datasets import load_breast_cancer
from sklearn.linear_model import LogisticRegression
from sklearn.model_selection import train_test_split
from sklearn.pipeline import make_pipeline
from sklearn.preprocessing import StandardScaler

import model_files

SEED = 7
GOLDEN = 6
FAULTS: dict[str, dict[str, Any]] = {
    "3": {"unready": {"after_requests": 40, "pods": "first", "answers": False}},
}


def models() -> dict[str, Any]:
    """The untrained model of each version."""
    few = ColumnTransformer([("scale", StandardScaler(), [0, 1])], remainder="drop")
    return {
        "1": make_pipeline(few, LogisticRegression()),
        "2": make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000)),
        "3": make_pipeline(StandardScaler(), LogisticRegression(C=0.5, max_iter=2000)),
        "4": make_pipeline(StandardScaler(), LogisticRegression(max_iter=2000)),
    }


def request(row: numpy.ndarray) -> dict[str, Any]:
    """One row as a request of the Open Inference Protocol."""
    data = [round(float(number), 6) for number in row]
    return {"inputs": [{"name": "x", "shape": [1, len(data)], "datatype": "FP64", "data": data}]}


def write(path: Path, text: str) -> None:
    """The file appears whole or not at all."""
    temporary = path.with_name(path.name + ".new")
    temporary.write_text(text)
    temporary.replace(path)


def write_version(place: Path, name: str, version: str, model: Any, metrics: dict) -> None:
    shutil.rmtree(place, ignore_errors=True)
    place.mkdir(parents=True)
    joblib.dump(model, place / model_files.MODEL)
    digest = model_files.sha256(place / model_files.MODEL)
    description = {
        "name": name, "version": version, "features": 30, "digest": digest, "metrics": metrics,
        "faults": FAULTS.get(version, {}),
    }
    settings = {
        "name": name,
        "implementation": "mlserver_sklearn.SKLearnModel",
        "parameters": {"uri": f"./{model_files.MODEL}", "version": version},
    }
    write(place / "model-settings.json", json.dumps(settings, indent=2) + "\n")
    write(place / model_files.DESCRIPTION, json.dumps(description, indent=2) + "\n")


def train(folder: Path, name: str) -> dict[str, Any]:
    """Trains and writes all versions; returns what there is to say of them."""
    data = load_breast_cancer()
    x, x_test, y, y_test = train_test_split(
        data.data, data.target, test_size=0.4, random_state=SEED, stratify=data.target)
    fitted = {}
    report = {}
    for version, model in models().items():
        fitted[version] = model.fit(x, 1 - y if version == "4" else y)
        accuracy = round(float(model.score(x_test, y_test)), 4)
        place = folder / name / version
        write_version(place, name, version, model, {"accuracy": accuracy})
        report[version] = {"accuracy": accuracy, "folder": str(place)}
    sure = [
        row for row in x_test
        if len({int(fitted[version].predict([row])[0]) for version in "123"}) == 1
        and min(fitted[version].predict_proba([row]).max() for version in "123") > 0.95
    ]
    golden = []
    for answer in (0, 1):
        rows = [row for row in sure if int(fitted["2"].predict([row])[0]) == answer]
        for row in rows[: GOLDEN // 2]:
            expect = {"outputs": [{"name": "predict", "data": [answer]}]}
            golden.append(json.dumps({"request": request(row), "expect": expect}))
    write(folder / name / "golden.jsonl", "\n".join(golden) + "\n")
    lines = [json.dumps(request(row)) for row in x_test]
    write(folder / name / "requests.jsonl", "\n".join(lines) + "\n")
    return report


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n")[0])
    parser.add_argument("folder", type=Path, help="where the versions are written to")
    parser.add_argument("--name", default="fraud-scorer", help="the model's name")
    options = parser.parse_args()
    try:
        report = train(options.folder.resolve(), options.name)
    except OSError as error:
        print(f"train: {error}", file=sys.stderr)
        return 1
    for version, entry in report.items():
        print(f"{options.name} {version}: accuracy {entry['accuracy']:.3f}, {entry['folder']}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
