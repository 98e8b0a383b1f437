#!/usr/bin/env bash
# Runs the demo; it checks itself what survives the kill. Usage: tests/cli/demo_test.sh PATH_TO_LLKV REPOSITORY
set -euo pipefail
if [ ! -x "$2/.venv/bin/tpchgen-cli" ]; then
  echo "there is no .venv/bin/tpchgen-cli: \`make demo\` installs it"
  exit 77
fi
"$2/demos/tpch/run.sh" "$1"
