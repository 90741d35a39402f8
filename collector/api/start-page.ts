/** What a browser sees at `/`: the questions that can be asked. */
export function startPage(): string {
  const links = [
    'gaps',
    'score',
    'gate',
    'spend?by=tenant',
    'spend?by=model',
    'routes',
    'calls?limit=20',
    'gate/history',
  ];
  return `<!doctype html>
<html lang="en">
<meta charset="utf-8">
<title>Waybill</title>
<meta name="viewport" content="width=device-width">
<style>
  :root { color-scheme: light dark; font: 16px/1.6 system-ui, sans-serif }
  body { max-width: 42rem; margin: 3rem auto; padding: 0 1rem }
  code { font-size: .95em }
</style>
<h1>Waybill</h1>
<p>Is attribution good enough here to start blocking requests on it?</p>
<ul>
${links.map((link) => `<li><a href="/v1/${link}"><code>/v1/${link}</code></a>`).join('\n')}
</ul>
<p>Each takes <code>tenant</code>, <code>feature</code>, <code>policy</code>, <code>service</code>, and
<code>since=7d</code> or <code>from</code> and <code>to</code>. One trace: <code>/v1/traces/{id}</code>.</p>
<p>The calls of a tenant are all that show it at their origin, at the enforcement point or where the model is called,
so that a call whose tenant was lost on the way still counts against the tenant that caused it. The same holds for
features and policies.</p>
</html>
`;
}
