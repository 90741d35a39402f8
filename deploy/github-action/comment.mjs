// Writes the evidence as one comment on the pull request, and replaces it at the next run.
import { readFile } from 'node:fs/promises';

/** What the comment is known by; GitHub shows nothing of it. */
const MARK = '<!-- waybill gate -->';
/** GitHub takes 65,536 characters. */
const MOST = 60_000;

const { GITHUB_API_URL, GITHUB_REPOSITORY, GITHUB_TOKEN, MARKDOWN, NUMBER } = process.env;
const repository = `${GITHUB_API_URL}/repos/${GITHUB_REPOSITORY}`;

async function request(method, url, content) {
  const response = await fetch(url, {
    method,
    headers: {
      accept: 'application/vnd.github+json',
      authorization: `Bearer ${GITHUB_TOKEN}`,
      'x-github-api-version': '2022-11-28',
    },
    ...(content === undefined ? {} : { body: JSON.stringify(content) }),
  });
  if (!response.ok) throw new Error(`${method} ${url} answered ${response.status}`);
  return response.json();
}

async function earlierComment() {
  for (let page = 1; ; page += 1) {
    const comments = await request('GET', `${repository}/issues/${NUMBER}/comments?per_page=100&page=${page}`);
    const own = comments.find((comment) => comment.body?.startsWith(MARK));
    if (own !== undefined || comments.length < 100) return own;
  }
}

try {
  const text = await readFile(MARKDOWN, 'utf8');
  const shown = text.length <= MOST ? text : `${text.slice(0, MOST)}\n\nThe rest is in the summary of the run.`;
  const content = { body: `${MARK}\n${shown}` };
  const earlier = await earlierComment();
  if (earlier === undefined) await request('POST', `${repository}/issues/${NUMBER}/comments`, content);
  else await request('PATCH', `${repository}/issues/comments/${earlier.id}`, content);
} catch (error) {
  // A pull request from a fork may not write comments. The gate decides all the same, and the summary has the evidence.
  process.stdout.write(`::warning::No comment could be written (${error.message}); the evidence is in the summary.\n`);
}
