// A process that starts an engine from the build, tells the pid of the server, and does nothing more.
import { pino } from 'pino';
import { startEmbeddedClickHouse } from '../../../../dist/collector/store/embedded/engine.js';

const [dataDir, httpPort, nativePort] = process.argv.slice(2);
const engine = await startEmbeddedClickHouse({
  dataDir,
  httpPort: Number(httpPort),
  nativePort: Number(nativePort),
  memoryBytes: 2 * 1024 ** 3,
  log: pino({ level: 'silent' }),
});
console.log(engine.pid());
setInterval(() => undefined, 1_000);
