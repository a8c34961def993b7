#!/usr/bin/env bash
# Write the pinned closures of the *.in files again. Needs a package index; run the rehearsal afterwards.
set -euo pipefail
cd "$(dirname "$0")/../../.."
here=infra/aws/rehearsal
for list in requirements scanner; do
  "${UV:-.venv/bin/uv}" pip compile --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
      --no-annotate --custom-compile-command "$here/lock.sh" --quiet "$here/$list.in" -o "$here/$list.txt"
done
git --no-pager diff --stat -- "$here"
