import './lifeline.js';
import { startProvider } from './provider.js';

await startProvider(Number(process.env['PORT']));
