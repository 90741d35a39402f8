import { escapeHtml } from '../escape-html.js';
import type { Caller } from '../keys/key-ring.js';

/** The looks of the page: a sheet of its own, since nothing inline is allowed. */
export const loginStyle = `:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { display: grid; place-items: center; min-height: 100vh; margin: 0; }
main { width: min(24rem, 100vw - 2rem); }
h1 { font-size: 1.25rem; margin: 0 0 1rem; }
form { display: grid; gap: 0.75rem; }
input, button { font: inherit; padding: 0.5rem 0.75rem; border: 1px solid GrayText; border-radius: 0.375rem; }
button { cursor: pointer; }
[role='alert'] { color: light-dark(#b3261e, #ff8a80); margin: 0; }
small { color: light-dark(#595959, #b3b3b3); }
`;

/** Asks for a key. @param problem what was wrong with the last one; empty: nothing */
export function loginPage(problem: string): string {
  return whole(`<form method="post" action="/login">
        <label for="key">Key with the role <code>read</code> or <code>admin</code></label>
        <input id="key" name="key" type="password" autocomplete="current-password" required autofocus />
        ${problem === '' ? '' : `<p role="alert">${escapeHtml(problem)}</p>`}
        <button>Log in</button>
        <small>Keys are made with <code>waybill keys create NAME --role read</code>.</small>
      </form>`);
}

/** Says who is logged in, and lets them out. */
export function accountPage({ id, role, tenants }: Caller): string {
  const whose = tenants.includes('*') ? 'all tenants' : tenants.map(escape).join(', ');
  return whole(`<p>You are logged in with the key <code>${escapeHtml(id)}</code> (${escapeHtml(role)}, ${whose}).</p>
      <p><a href="/">To the report</a></p>
      <form method="post" action="/logout"><button>Log out</button></form>`);
}

function whole(body: string): string {
  return `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8" />
    <title>Waybill: log in</title>
    <meta name="viewport" content="width=device-width, initial-scale=1" />
    <link rel="icon" href="data:," />
    <link rel="stylesheet" href="/login.css" />
  </head>
  <body>
    <main>
      <h1>Waybill</h1>
      ${body}
    </main>
  </body>
</html>
`;
}
