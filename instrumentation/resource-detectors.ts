import type { ResourceDetector } from '@opentelemetry/resources';
import { envDetector, hostDetector, processDetector } from '@opentelemetry/resources';

/**
 * What a process tells of itself with each of its spans: what OpenTelemetry's own detectors find, but for the arguments
 * on its command line, which may hold passwords. `OTEL_NODE_RESOURCE_DETECTORS` asks for others, and for those.
 */
export const resourceDetectors: ResourceDetector[] = [
  envDetector,
  without('process.command_args', processDetector),
  hostDetector,
];

function without(key: string, detector: ResourceDetector): ResourceDetector {
  return {
    detect(config) {
      const { attributes = {}, ...rest } = detector.detect(config);
      return { ...rest, attributes: Object.fromEntries(Object.entries(attributes).filter(([name]) => name !== key)) };
    },
  };
}
