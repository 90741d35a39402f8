import { describe, expect, it } from 'vitest';
import type { Evidence } from '../../../collector/web/evidence.js';
import { evidenceHtml } from '../../../collector/web/evidence-html.js';
import { evidenceMarkdown } from '../../../collector/web/evidence-markdown.js';

const hostile: Evidence = {
  title: 'Ready: tenant <script>alert(1)</script>',
  facts: [['Scope', 'a & "b"']],
  tables: [
    { title: 'Gaps', head: ['Hop'], rows: [['a | b\n<img src=x> [x](https://evil.example) `y`']], none: 'None.' },
    { title: 'Blockers', head: ['Check'], rows: [], none: 'None: every check holds.' },
  ],
};

describe('the evidence', () => {
  it('is HTML in which names stay text, and that is told to run nothing', () => {
    const html = evidenceHtml(hostile);
    expect(html).toContain('Ready: tenant &lt;script&gt;alert(1)&lt;/script&gt;');
    expect(html).toContain('a &amp; &quot;b&quot;');
    expect(html).not.toMatch(/<(script|img)/);
    expect(html).toContain(`content="default-src 'none'; style-src 'unsafe-inline'"`);
    expect(html).toContain('<p>None: every check holds.</p>');
  });

  it('is Markdown in which names stay text and within their cells', () => {
    const markdown = evidenceMarkdown(hostile);
    expect(markdown).toContain('# Ready: tenant \\<script\\>alert(1)\\</script\\>');
    expect(markdown).toContain('| a \\| b \\<img src=x\\> \\[x\\](https&#58;//evil.example) \\`y\\` |');
    expect(markdown).toContain('## Blockers\n\nNone: every check holds.');
  });
});
