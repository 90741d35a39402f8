#!/usr/bin/env bash
# Builds Helm, of the release that the chart is rendered with, and prints the path of the program; with --built, only where
# that was done before. What is built stays in a temporary directory. Leaves with 3, and says why, where it is not there.
set -euo pipefail

version=${HELM_VERSION:-v3.19.0}
directory=${HELM_DIR:-${TMPDIR:-/tmp}/waybill-helm-$version}
program=$directory/helm

if [ ! -x "$program" ]; then
  if [ "${1:-}" = --built ]; then
    echo "Helm $version was not built here; bash test/deploy/helm.sh does so." >&2
    exit 3
  fi
  if ! command -v go >/dev/null; then
    echo "There is no Go here, so Helm was not built." >&2
    exit 3
  fi
  mkdir -p "$directory"
  if ! GOBIN=$directory go install "helm.sh/helm/v3/cmd/helm@$version" >"$directory/build.log" 2>&1; then
    echo "Helm $version could not be built; $directory/build.log says why." >&2
    exit 3
  fi
fi
echo "$program"
