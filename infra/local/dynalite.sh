#!/usr/bin/env bash
# Install dynalite (a DynamoDB stand-in on Node.js) into .state/ unless it is there; print its path.
# Start it with: "$(infra/local/dynalite.sh)" --host 127.0.0.1 --port N --createTableMs 1 --deleteTableMs 1
set -euo pipefail
cd "$(dirname "$0")/../.."
version=4.0.0
program=$PWD/.state/node_modules/.bin/dynalite
installed=.state/node_modules/dynalite/package.json
if ! [[ -x $program ]] || ! grep -q "\"version\": \"$version\"" "$installed"; then
    mkdir -p .state
    npm install --prefix .state --no-audit --no-fund --loglevel=error "dynalite@$version" >&2
fi
printf '%s\n' "$program"
