import type { LookupAddress, LookupOptions } from 'node:dns';
import { lookup } from 'node:dns';
import type { LookupFunction } from 'node:net';
import { BlockList, isIP, isIPv4 } from 'node:net';

/**
 * Addresses that are not on the public internet, by the registries of IANA for special purposes:
 * https://www.iana.org/assignments/iana-ipv4-special-registry and iana-ipv6-special-registry. 169.254.169.254, where
 * clouds keep credentials of their machines, is link-local; 168.63.129.16, where Azure keeps some, is of no registry.
 */
const RANGES = [
  ['0.0.0.0', 8],
  ['10.0.0.0', 8],
  ['100.64.0.0', 10],
  ['127.0.0.0', 8],
  ['168.63.129.16', 32],
  ['169.254.0.0', 16],
  ['172.16.0.0', 12],
  ['192.0.0.0', 24],
  ['192.0.2.0', 24],
  ['192.168.0.0', 16],
  ['198.18.0.0', 15],
  ['198.51.100.0', 24],
  ['203.0.113.0', 24],
  ['224.0.0.0', 4],
  ['240.0.0.0', 4],
] as const;

/** Of IPv6 only what is global unicast is public; of that, what wraps an IPv4 address or is for documents is not. */
const RANGES6 = [
  ['2001::', 23],
  ['2001:db8::', 32],
  ['2002::', 16],
  ['3fff::', 20],
] as const;

const notPublic = new BlockList();
for (const [network, prefix] of RANGES) notPublic.addSubnet(network, prefix, 'ipv4');
const wrapped = new BlockList();
for (const [network, prefix] of RANGES6) wrapped.addSubnet(network, prefix, 'ipv6');
const globalUnicast = new BlockList();
globalUnicast.addSubnet('2000::', 3, 'ipv6');

/** Whether an address is on the public internet: not private, loopback, link-local or otherwise special. */
export function isPublicAddress(address: string): boolean {
  if (isIPv4(address)) return !notPublic.check(address, 'ipv4');
  const mapped = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i.exec(address)?.[1];
  if (mapped !== undefined) return isIPv4(mapped) && !notPublic.check(mapped, 'ipv4');
  return isIP(address) === 6 && globalUnicast.check(address, 'ipv6') && !wrapped.check(address, 'ipv6');
}

/** A host that is not to be connected to. */
export class RefusedAddress extends Error {
  override readonly name = 'RefusedAddress';

  constructor(host: string, address: string) {
    super(
      `${host}${host === address ? '' : ` is at ${address}, which`} is not a public address; say allowPrivate: true in the channel if it is meant.`,
    );
  }
}

/**
 * Looks a name up as `node:dns` does, and refuses it where any of its addresses is not public: a name may be given two,
 * one of each kind. What it answers is what is connected to; nothing looks the name up again.
 */
export const lookupPublic: LookupFunction = (host, options, answer) => {
  const asked: LookupOptions & { all: true } = { ...options, all: true };
  lookup(host, asked, (error, addresses: LookupAddress[]) => {
    const [first] = addresses ?? [];
    const refused = addresses?.find(({ address }) => !isPublicAddress(address));
    if (error !== null) answer(error, []);
    else if (refused !== undefined) answer(new RefusedAddress(host, refused.address), []);
    else if (options.all === true) answer(null, addresses);
    else answer(null, first?.address ?? '', first?.family);
  });
};
