#!/usr/bin/env bash
# Builds an OpenTelemetry Collector of components as they were released: by default the one that Waybill is measured
# beside, and that stands before it with deploy/otelcol/waybill.yaml; `otelcol.sh balancing` the one of
# deploy/otelcol/balancing.yaml. Prints the path of the program; what is built stays in a temporary directory.
# Leaves with 3, and says why, where it cannot be built here.
set -euo pipefail

kind=${1:-queue}
version=${OTELCOL_VERSION:-v0.165.0}
contrib=github.com/open-telemetry/opentelemetry-collector-contrib
processors="go.opentelemetry.io/collector/processor/batchprocessor $contrib/processor/groupbytraceprocessor"
exporters="go.opentelemetry.io/collector/exporter/otlphttpexporter $contrib/exporter/clickhouseexporter"
if [ "$kind" = balancing ]; then
  # Not every release of this exporter is on the module proxy.
  version=${OTELCOL_BALANCING_VERSION:-v0.160.0}
  processors=""
  exporters="$contrib/exporter/loadbalancingexporter"
fi
directory=${OTELCOL_DIR:-${TMPDIR:-/tmp}/waybill-otelcol-$version-$kind}
program=$directory/otelcol

if [ -x "$program" ]; then
  echo "$program"
  exit 0
fi
if ! command -v go >/dev/null; then
  echo "There is no Go here, so the OpenTelemetry Collector was not built." >&2
  exit 3
fi
modules() { for module in "$@"; do echo "  - gomod: $module $version"; done; }
mkdir -p "$directory"
cat >"$directory/builder.yaml" <<YAML
dist: { name: otelcol, output_path: $directory/source }
receivers:
$(modules go.opentelemetry.io/collector/receiver/otlpreceiver)
processors:
$(modules go.opentelemetry.io/collector/processor/memorylimiterprocessor $processors)
exporters:
$(modules $exporters)
extensions:
$(modules $contrib/extension/storage/filestorage $contrib/extension/healthcheckextension)
YAML
cd "$directory"
if ! go run "go.opentelemetry.io/collector/cmd/builder@$version" --config builder.yaml >build.log 2>&1; then
  echo "The OpenTelemetry Collector $version could not be built; $directory/build.log says why." >&2
  exit 3
fi
mv source/otelcol "$program"
rm -rf source
echo "$program"
