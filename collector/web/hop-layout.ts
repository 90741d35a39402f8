import type { HopRow } from '../store/questions/hops.js';

/** A service on the map, its middle in units of the view box. */
export interface Node {
  readonly service: string;
  readonly x: number;
  readonly y: number;
}

export const NODE = { width: 150, height: 40, column: 290, row: 96, margin: 24 } as const;

/** Puts every service one column behind the services that call it, and the largest spend of a column on top. */
export function layOut(hops: readonly HopRow[]): { nodes: ReadonlyMap<string, Node>; width: number; height: number } {
  const services = [...new Set(hops.flatMap(({ hop }) => [hop.from, hop.to]))];
  const depths = new Map(services.map((service) => [service, 0]));
  // As many rounds as there are services settle every map without a circle; a circle stops there.
  for (let round = 1; round < services.length; round++) {
    for (const { hop } of hops) {
      const behind = (depths.get(hop.from) ?? 0) + 1;
      if (hop.from !== hop.to && behind > (depths.get(hop.to) ?? 0) && behind < services.length)
        depths.set(hop.to, behind);
    }
  }
  // Where nothing comes before a service, it stands right before the first that it calls, not behind others' backs.
  for (const service of services) {
    if (hops.some(({ hop }) => hop.to === service)) continue;
    const next = hops.filter(({ hop }) => hop.from === service).map(({ hop }) => depths.get(hop.to) ?? 0);
    depths.set(service, Math.max(0, Math.min(...next) - 1));
  }
  const used = [...new Set(depths.values())].toSorted((a, b) => a - b);
  const columns = used.map((depth) => services.filter((service) => depths.get(service) === depth));
  const tallest = Math.max(1, ...columns.map(({ length }) => length));
  const height = tallest * NODE.row + NODE.margin;
  const nodes = new Map<string, Node>();
  columns.forEach((column, c) => {
    column.forEach((service, r) => {
      const x = NODE.margin + NODE.width / 2 + c * NODE.column;
      const y = height / 2 + (r - (column.length - 1) / 2) * NODE.row;
      nodes.set(service, { service, x, y });
    });
  });
  return { nodes, width: (columns.length - 1) * NODE.column + NODE.width + 2 * NODE.margin, height };
}
