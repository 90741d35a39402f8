import type { AttributeName, AuditedAttribute, Contract, ContractAttribute, Policy } from '../schemas/contract.js';
import type { GatewayName } from '../schemas/payload.js';
import { attributeNames, auditedAttributes } from '../schemas/contract.js';
import type { PriceFinder } from './cost/price.js';
import { createPriceFinder } from './cost/price.js';
import type { SignatureVerifier } from './provenance/verify-signature.js';
import { createSignatureVerifier } from './provenance/verify-signature.js';

/** A contract made ready for auditing: look-ups by key instead of lists. */
export interface CompiledContract {
  readonly source: Contract;
  /** The attributes that every call must carry. */
  readonly required: readonly AuditedAttribute[];
  /** Span attribute key, to the attribute that it stands for; `order` 0 is its own key, then the aliases as listed. */
  readonly attributeByKey: ReadonlyMap<string, { readonly name: AttributeName; readonly order: number }>;
  /** Whether a value is among those that the contract allows for an attribute. */
  readonly isRegistered: (attribute: AttributeName, value: string) => boolean;
  /** Whether the contract says where traces start. */
  readonly namesEntries: boolean;
  /** Whether the contract says where requests are blocked. */
  readonly namesEnforcement: boolean;
  /** The contract's word on a service, by name: own entries only, whatever a span calls itself. */
  readonly services: ReadonlyMap<string, Contract['services'][string]>;
  /** The service that a gateway's records are about, where the contract says so. */
  readonly recordsOf: ReadonlyMap<GatewayName, string>;
  readonly policyById: ReadonlyMap<string, Policy>;
  readonly findPrice: PriceFinder;
  /** Null where the contract lists no keys: nobody can tell whether a signature holds. */
  readonly verifySignature: SignatureVerifier | null;
}

/** Makes a contract ready for auditing. Cheap: done once per contract, not per trace. */
export function compileContract(source: Contract): CompiledContract {
  const attributeByKey = new Map<string, { name: AttributeName; order: number }>();
  for (const name of attributeNames) {
    const { key, aliases } = source.attributes[name];
    [key, ...aliases].forEach((one, order) => attributeByKey.set(one, { name, order }));
  }
  const registered = new Map(attributeNames.map((name) => [name, allows(source.attributes[name])]));
  const services = Object.values(source.services);
  return {
    source,
    required: auditedAttributes.filter((name) => source.attributes[name].required),
    attributeByKey,
    isRegistered: (attribute, value) => registered.get(attribute)?.(value) ?? true,
    namesEntries: services.some((service) => service.role === 'entry'),
    namesEnforcement: services.some((service) => service.enforces),
    services: new Map(Object.entries(source.services)),
    recordsOf: new Map(
      Object.entries(source.services).flatMap(([service, { records }]) =>
        records === undefined ? [] : [[records, service] as const],
      ),
    ),
    policyById: new Map(source.policies.map((policy) => [policy.id, policy])),
    findPrice: createPriceFinder(source.prices),
    verifySignature: source.signing.keys.length === 0 ? null : createSignatureVerifier(source.signing.keys),
  };
}

function allows({ values }: ContractAttribute): (value: string) => boolean {
  if (values === undefined) return () => true;
  if (Array.isArray(values)) {
    const set = new Set(values);
    return (value) => set.has(value);
  }
  const pattern = new RegExp(values.pattern, 'u');
  return (value) => pattern.test(value);
}
