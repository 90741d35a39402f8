// npm links the Node binaries that only tests use as `node`, ahead of the real one: every script would run on them.
import { rmSync } from 'node:fs';

for (const name of ['node', 'node.cmd', 'node.ps1'])
  rmSync(new URL(`../node_modules/.bin/${name}`, import.meta.url), { force: true });
