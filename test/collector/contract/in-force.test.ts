import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { contractInForce } from '../../../collector/contract/in-force.js';
import { parseContract } from '../../../collector/contract/load.js';
import { freshClaims, SECRET, signed } from '../../support/signature.js';

let directory: string;
beforeAll(async () => {
  directory = await mkdtemp(join(tmpdir(), 'waybill-contract-'));
});
afterAll(async () => {
  await rm(directory, { recursive: true });
});

describe('the secret of a signing key', () => {
  it('comes from the environment variable that the contract names', async () => {
    const file = join(directory, 'waybill.yaml');
    await writeFile(file, 'signing: { keys: [{ id: k1, algorithm: HS256, secretEnv: SIGNING_SECRET }] }');
    const { contract } = await contractInForce(file, { SIGNING_SECRET: SECRET });
    expect(contract.verifySignature?.(signed())).toMatchObject({ claims: freshClaims, problem: null });
    await expect(contractInForce(file, {})).rejects.toThrow(
      "signing key 'k1' from the environment variable SIGNING_SECRET, which is not set",
    );
    await expect(contractInForce(file, { SIGNING_SECRET: 'short' })).rejects.toThrow('under 32 characters');
  });

  it('must be said once, and be long enough; a public key must be one', () => {
    const problemOf = (key: string) => () => parseContract(`signing: { keys: [${key}] }`, 'waybill.yaml');
    expect(problemOf('{ id: k1, algorithm: HS256 }')).toThrow('needs either secretEnv or secret');
    expect(problemOf(`{ id: k1, algorithm: HS256, secretEnv: A, secret: '${SECRET}' }`)).toThrow('needs either');
    expect(problemOf('{ id: k1, algorithm: HS256, secret: short }')).toThrow('at least 32 characters');
    expect(problemOf('{ id: k1, algorithm: EdDSA, publicKey: abc }')).toThrow('must be an Ed25519 public key');
    expect(problemOf('{ id: k1, algorithm: none }')).toThrow('waybill.yaml:1:');
  });
});
