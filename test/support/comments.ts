import { once } from 'node:events';
import { createServer } from 'node:http';
import { text } from 'node:stream/consumers';
import * as z from 'zod';

/** The comments of one pull or merge request, behind an API that is written to as GitHub's and GitLab's are. */
export interface Comments extends AsyncDisposable {
  readonly url: string;
  readonly list: { readonly id: number; body: string }[];
  /** What was asked: method, path, and the header that lets it in. */
  readonly requests: string[];
  /** The status to answer with in place of an answer; null: it answers. */
  refuseWith: number | null;
}

const contentSchema = z.object({ body: z.string() });

export async function startComments(): Promise<Comments> {
  const list: Comments['list'] = [{ id: 1, body: 'Looks good.' }];
  const requests: string[] = [];
  const server = createServer((request, response) => {
    const { method = '', url = '', headers } = request;
    requests.push(`${method} ${url} ${headers.authorization ?? String(headers['private-token'])}`);
    void text(request).then((content) => {
      response.setHeader('content-type', 'application/json');
      if (comments.refuseWith !== null) return response.writeHead(comments.refuseWith).end('{}');
      if (method === 'GET') return response.end(JSON.stringify(list));
      const { body } = contentSchema.parse(JSON.parse(content));
      const id = method === 'POST' ? list.length + 1 : Number(url.split('/').at(-1));
      const earlier = list.find((one) => one.id === id);
      if (earlier === undefined) list.push({ id, body });
      else earlier.body = body;
      return response.end(JSON.stringify({ id }));
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server has no port.');
  const comments: Comments = {
    url: `http://127.0.0.1:${address.port}`,
    list,
    requests,
    refuseWith: null,
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
  return comments;
}
