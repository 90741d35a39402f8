import type { AttributeName, AuditedAttribute, Contract, ContractAttribute } from '../schemas/contract.js';
import { attributeNames, auditedAttributes } from '../schemas/contract.js';

/** A contract made ready for auditing: look-ups by key instead of lists. */
export interface CompiledContract {
  readonly source: Contract;
  /** The attributes that every call must carry. */
  readonly required: readonly AuditedAttribute[];
  /** Span attribute key, to the attribute that it stands for. */
  readonly attributeByKey: ReadonlyMap<string, AttributeName>;
  /** Whether a value is among those that the contract allows for an attribute. */
  readonly isRegistered: (attribute: AttributeName, value: string) => boolean;
  readonly namesEntries: boolean;
  readonly namesEnforcement: boolean;
}

/** Makes a contract ready for auditing. Cheap: done once per contract, not per trace. */
export function compileContract(source: Contract): CompiledContract {
  const attributeByKey = new Map<string, AttributeName>();
  for (const name of attributeNames) {
    const { key, aliases } = source.attributes[name];
    for (const one of [key, ...aliases]) attributeByKey.set(one, name);
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
