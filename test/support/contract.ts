import type * as z from 'zod';
import type { CompiledContract } from '../../auditor/contract.js';
import { compileContract } from '../../auditor/contract.js';
import { contractSchema } from '../../schemas/contract.js';

/** A contract as the YAML file would give it, made ready. */
export function contract(file: z.input<typeof contractSchema> = {}): CompiledContract {
  return compileContract(contractSchema.parse(file));
}
