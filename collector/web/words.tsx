import type { Severity as SeverityName, Verdict as VerdictName } from '../../schemas/audit.js';

/** How bad a finding is. */
export function Severity({ of }: { readonly of: SeverityName }) {
  return <span class={`tag ${of}`}>{of}</span>;
}

const VERDICTS: Readonly<Record<VerdictName, string>> = {
  enforceable: 'good',
  attributed: 'warning',
  unattributed: 'error',
};

/** What may be done with the attribution of a call. */
export function Verdict({ of }: { readonly of: VerdictName }) {
  return <span class={`tag ${VERDICTS[of]}`}>{of}</span>;
}

/** A number of things, and the right word for them. */
export function plural(count: number, one: string, many = `${one}s`): string {
  return `${count.toLocaleString('en')} ${count === 1 ? one : many}`;
}

/** Text in which what stands between backticks is code. */
export function Prose({ text }: { readonly text: string }) {
  return <>{text.split('`').map((part, i) => (i % 2 === 1 ? <code key={i}>{part}</code> : part))}</>;
}
