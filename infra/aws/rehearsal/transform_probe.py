"""Transform a SAM template as CloudFormation would: `python transform_probe.py SAM.YAML OUT.JSON`.

Run as a file by the linters' environment.
"""

import json
import sys
from pathlib import Path
from typing import Any

import yaml
from samtranslator.translator.transform import transform


class _Policies:
    """No managed policy is named in the template, so none need be known."""

    @staticmethod
    def load() -> dict[str, str]:
        """Return none."""
        return {}


def main(source: str, target: str) -> None:
    """Write the transformed template.

    Raises:
        InvalidDocumentException: SAM refuses it; the text says why.
    """
    template: dict[str, Any] = yaml.safe_load(Path(source).read_text(encoding="utf-8"))
    for resource in template["Resources"].values():
        if resource["Type"] == "AWS::Serverless::Function":
            resource["Properties"]["CodeUri"] = "s3://rehearsal/deployment.zip"
    plain = transform(template, {}, _Policies())
    Path(target).write_text(json.dumps(plain, indent=1, default=str), encoding="utf-8")


if __name__ == "__main__":
    main(*sys.argv[1:])
