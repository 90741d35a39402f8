import type { GateAnswer, GateCheck } from '../../schemas/gate.js';

/** The sign says the same as the words, for those who look; colour only repeats it. */
export const ANSWERS = {
  ready: { sign: '✓', text: 'Ready to block', short: 'ready', tone: 'good' },
  not_ready: { sign: '✕', text: 'Not ready to block', short: 'not ready', tone: 'error' },
  insufficient_data: { sign: '?', text: 'Too little data to say', short: 'too little data', tone: 'warning' },
} as const;

export const CHECKS: Readonly<Record<GateCheck['id'], string>> = {
  calls: 'Calls in the window',
  'enforceable-spend': 'Enforceable spend',
  'enforceable-calls': 'Enforceable calls',
  'misattributed-calls': 'Misattributed calls',
  'unknown-cost': 'Calls of unknown cost',
  policies: 'Dead or ambiguous policies',
  days: 'Days that hold by themselves',
};

export const HOLDS: Readonly<
  Record<GateCheck['holds'], { readonly sign: string; readonly text: string; readonly tone: string }>
> = {
  yes: { sign: '✓', text: 'holds', tone: 'good' },
  no: { sign: '✕', text: 'does not hold', tone: 'error' },
  unknown: { sign: '?', text: 'too little data', tone: 'warning' },
};

/** A scope in words. */
export function scopeText(scope: GateAnswer['scope']): string {
  const parts = Object.entries(scope).flatMap(([name, value]) => (value === undefined ? [] : [`${name} ${value}`]));
  return parts.length === 0 ? 'everything' : parts.join(', ');
}
