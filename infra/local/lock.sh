#!/usr/bin/env bash
# Write the pinned closures again from pyproject.toml (make lock). Needs a package index; prints what changed.
set -euo pipefail
cd "$(dirname "$0")/../.."
uv=${UV:-.venv/bin/uv}
common=(--universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate
        --custom-compile-command "make lock" --quiet)
"$uv" pip compile "${common[@]}" pyproject.toml -o requirements.txt
"$uv" pip compile "${common[@]}" pyproject.toml --group dev -c requirements.txt -o infra/local/requirements-dev.txt
git --no-pager diff --stat -- requirements.txt infra/local/requirements-dev.txt
