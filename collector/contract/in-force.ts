import { existsSync } from 'node:fs';
import type { CompiledContract } from '../../auditor/contract.js';
import { compileContract } from '../../auditor/contract.js';
import type { Contract } from '../../schemas/contract.js';
import { StartError } from '../start-error.js';
import { defaultContract, loadContract } from './load.js';

const USUAL_FILE = 'waybill.yaml';

/** A contract, and where it came from. */
export interface ContractInForce {
  /** Null where there is no file, and the default holds. */
  readonly file: string | null;
  readonly contract: CompiledContract;
}

/**
 * The contract to audit by: of the file that was named, else of `waybill.yaml` where there is one, else the default.
 *
 * @param env holds the secrets of its signing keys
 * @throws ContractError where it is not valid; StartError where a secret is missing
 */
export async function contractInForce(
  named: string | undefined,
  env: Readonly<Record<string, string | undefined>>,
): Promise<ContractInForce> {
  const file = named ?? (existsSync(USUAL_FILE) ? USUAL_FILE : null);
  const contract = file === null ? defaultContract() : await loadContract(file);
  return { file, contract: compileContract(withSecrets(contract, env)) };
}

function withSecrets(contract: Contract, env: Readonly<Record<string, string | undefined>>): Contract {
  const keys = contract.signing.keys.map((key) => {
    if (key.algorithm !== 'HS256' || key.secretEnv === undefined) return key;
    const secret = env[key.secretEnv];
    if (secret !== undefined && secret.length >= 32) return { ...key, secret };
    throw new StartError(
      `The contract takes the secret of the signing key '${key.id}' from the environment variable ${key.secretEnv}, which ${secret === undefined ? 'is not set' : 'has under 32 characters'}. Set it to the secret that the applications sign with.`,
    );
  });
  return { ...contract, signing: { keys } };
}
