#!/bin/sh
# The way in for every npm script: brings the locked packages and the locked Node, then hands over to TypeScript on it.
# Runs on whatever shell and Node the machine has.
set -eu

cd "$(dirname "$0")/.."
task=$1
shift

wanted=24.14.1
lock=node_modules/.package-lock.json

if [ ! -f "$lock" ] || [ package-lock.json -nt "$lock" ]; then
  echo "  … locked packages: npm ci" >&2
  log=$(mktemp)
  if ! npm ci --ignore-scripts --no-fund --no-audit >"$log" 2>&1; then
    cat "$log" >&2
    rm -f "$log"
    echo "npm ci failed: see above; the machine needs to reach an npm registry" >&2
    exit 1
  fi
  rm -f "$log"
  touch "$lock"
  echo "  ✓ locked packages" >&2
fi

node=$PWD/node_modules/.bin/node
if [ ! -x "$node" ]; then
  echo "expected the locked Node at node_modules/.bin/node, found none: docker-mesh runs on Linux x64 and arm64, this is $(uname -sm)" >&2
  exit 1
fi
version=$("$node" --version 2>/dev/null) || version=none
oldest=$(printf '%s\n' "v$wanted" "$version" | sort -V | head -n 1)
if [ "$oldest" != "v$wanted" ]; then
  echo "expected Node $wanted or newer at node_modules/.bin/node, found $version: remove node_modules and try again" >&2
  exit 1
fi

# The engine and its tools lie in sbin, which not every root shell has in PATH.
PATH=$PWD/node_modules/.bin:$PATH:/usr/sbin:/sbin
export PATH
# What Node compiles is kept: everything that starts often, as each `docker mesh` of a test, then starts in half the time.
NODE_COMPILE_CACHE=${NODE_COMPILE_CACHE:-$PWD/node_modules/.cache/docker-mesh/compiled}
export NODE_COMPILE_CACHE
exec node "scripts/$task.ts" "$@"
