#!/usr/bin/env bash
# Builds the OpenTelemetry Collector that Waybill is measured beside, and that stands before it in deploy/otelcol, of
# components as they were released. Prints the path of the program; what is built stays in a temporary directory.
# Leaves with 3, and says why, where it cannot be built here.
set -euo pipefail

version=${OTELCOL_VERSION:-v0.165.0}
directory=${OTELCOL_DIR:-${TMPDIR:-/tmp}/waybill-otelcol-$version-queue}
program=$directory/otelcol

if [ -x "$program" ]; then
  echo "$program"
  exit 0
fi
if ! command -v go >/dev/null; then
  echo "There is no Go here, so the OpenTelemetry Collector was not built." >&2
  exit 3
fi
mkdir -p "$directory"
cat >"$directory/builder.yaml" <<YAML
dist: { name: otelcol, output_path: $directory/source }
receivers:
  - gomod: go.opentelemetry.io/collector/receiver/otlpreceiver $version
processors:
  - gomod: go.opentelemetry.io/collector/processor/batchprocessor $version
  - gomod: go.opentelemetry.io/collector/processor/memorylimiterprocessor $version
  - gomod: github.com/open-telemetry/opentelemetry-collector-contrib/processor/groupbytraceprocessor $version
exporters:
  - gomod: go.opentelemetry.io/collector/exporter/otlphttpexporter $version
  - gomod: github.com/open-telemetry/opentelemetry-collector-contrib/exporter/clickhouseexporter $version
extensions:
  - gomod: github.com/open-telemetry/opentelemetry-collector-contrib/extension/storage/filestorage $version
  - gomod: github.com/open-telemetry/opentelemetry-collector-contrib/extension/healthcheckextension $version
YAML
cd "$directory"
if ! go run "go.opentelemetry.io/collector/cmd/builder@$version" --config builder.yaml >build.log 2>&1; then
  echo "The OpenTelemetry Collector $version could not be built; $directory/build.log says why." >&2
  exit 3
fi
mv source/otelcol "$program"
rm -rf source
echo "$program"
