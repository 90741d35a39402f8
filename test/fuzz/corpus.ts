import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { packagePath } from '../../collector/package-path.js';

const CORPUS = packagePath('test/fuzz/corpus');
/** A corpus is looked through in every test run: what is large stays out. */
const MAX_BYTES = 2_048;

/** The inputs that were found for a target, in the order of their names. */
export async function corpusOf(target: string): Promise<Buffer[]> {
  const folder = join(CORPUS, target);
  await mkdir(folder, { recursive: true });
  const names = (await readdir(folder)).toSorted();
  return Promise.all(names.map((name) => readFile(join(folder, name))));
}

/** Adds an input to the corpus of a target, under a name that is the same for the same bytes; says which. */
export async function keepInput(target: string, input: Buffer): Promise<string | null> {
  if (input.length > MAX_BYTES) return null;
  const name = createHash('sha256').update(input).digest('hex').slice(0, 16);
  await writeFile(join(CORPUS, target, name), input);
  return name;
}
