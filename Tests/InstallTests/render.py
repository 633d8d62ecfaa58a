"""Renders and checks a chart with Helm. Standard input: {"chart": PATH, "cases": [VALUES]};
standard output: {"lint": REPORT, "cases": [{"files": {PATH: TEXT}} or {"error": TEXT}]}."""

import json
import sys

from helm_python import HelmError
from helm_python.chart import Chart, lint

asked = json.load(sys.stdin)
cases = []
with Chart.load(asked["chart"]) as chart:
    definitions = [file["name"] for file in chart.crds]
    for values in asked["cases"]:
        try:
            chart.validate_schema(values)
            files = chart.render(
                values, name="slipway", namespace="slipway-system", is_install=True
            )
            report = lint(asked["chart"], values, strict=True, namespace="slipway-system")
            cases.append({"files": files, "lint": report})
        except HelmError as error:
            cases.append({"error": str(error)})
json.dump({"definitions": definitions, "cases": cases}, sys.stdout)
