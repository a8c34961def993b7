#!/usr/bin/env bash
# Write the pinned closure of requirements.in again. Needs a package index; run the rehearsal afterwards.
set -euo pipefail
cd "$(dirname "$0")/../../.."
here=infra/aws/rehearsal
"${UV:-.venv/bin/uv}" pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
    --no-annotate --custom-compile-command "$here/lock.sh" --quiet "$here/requirements.in" -o "$here/requirements.txt"
git --no-pager diff --stat -- "$here/requirements.txt"
