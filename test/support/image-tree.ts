import { cp, mkdir, mkdtemp, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { DockerfileParser } from 'dockerfile-ast';
import { packagePath } from '../../collector/package-path.js';

/** What stands in `/app` of the image, laid out without a container. */
export interface ImageTree extends AsyncDisposable {
  readonly directory: string;
  /** The command line of the image, as a file of the tree. */
  readonly cli: string;
  readonly healthCheck: readonly string[];
}

/** Copies what the Dockerfile copies into its last stage, and nothing else. Packages are linked: all would take long. */
export async function imageTree(): Promise<ImageTree> {
  const dockerfile = DockerfileParser.parse(await readFile(packagePath('deploy', 'Dockerfile'), 'utf8'));
  const directory = await mkdtemp(join(tmpdir(), 'waybill-image-'));
  for (const copy of dockerfile.getCOPYs()) {
    if (copy.getFromFlag()?.getValue() !== 'build') continue;
    const [from = '', to = ''] = copy.getArguments().map((argument) => argument.getValue());
    const source = packagePath(from.replace('/app/', ''));
    const target = join(directory, to === './' ? from.replace('/app/', '') : to);
    await mkdir(dirname(target), { recursive: true });
    await (to === 'node_modules' ? symlink(source, target) : cp(source, target, { recursive: true }));
  }
  const inTree = (path: string): string => path.replace(/^\/app/, directory);
  return {
    directory,
    cli: inTree(jsonArguments(dockerfile.getENTRYPOINTs()[0]).at(-1) ?? ''),
    healthCheck: jsonArguments(dockerfile.getHEALTHCHECKs()[0]),
    [Symbol.asyncDispose]: () => rm(directory, { recursive: true }),
  };
}

/** The exec form of an instruction: a JSON array, at its end. */
function jsonArguments(instruction: { getArgumentsContent(): string | null } | undefined): string[] {
  const parsed: unknown = JSON.parse(/\[.*\]$/s.exec(instruction?.getArgumentsContent() ?? '[]')?.[0] ?? '[]');
  if (Array.isArray(parsed) && parsed.every((one) => typeof one === 'string')) return parsed;
  throw new Error('The Dockerfile has an instruction that is no list of texts.');
}
