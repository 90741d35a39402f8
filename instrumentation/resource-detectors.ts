import { resources } from '@opentelemetry/sdk-node';

type Detector = resources.ResourceDetector;

/**
 * What a process tells of itself with each of its spans: what OpenTelemetry's own detectors find, but for the arguments
 * on its command line, which may hold passwords. `OTEL_NODE_RESOURCE_DETECTORS` asks for others, and for those.
 */
export const resourceDetectors: Detector[] = [
  resources.envDetector,
  without('process.command_args', resources.processDetector),
  resources.hostDetector,
];

function without(key: string, detector: Detector): Detector {
  return {
    detect(config) {
      const { attributes = {}, ...rest } = detector.detect(config);
      return { ...rest, attributes: Object.fromEntries(Object.entries(attributes).filter(([name]) => name !== key)) };
    },
  };
}
