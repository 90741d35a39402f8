export interface Access {
  readonly url: string;
  readonly username: string;
  readonly password: string;
}

/** How a server answers: it does, nothing listens, or something else is wrong (it is busy, starting, stopped). */
export async function ping(access: Access): Promise<'ok' | 'refused' | 'silent'> {
  try {
    return (await ask(access, 'SELECT 1', 5_000)).ok ? 'ok' : 'silent';
  } catch (error) {
    return isRefused(error) ? 'refused' : 'silent';
  }
}

/** Ends the query that keeps the server's main thread busy, so that it closes its tables. Failing is no harm. */
export async function stopSleepingQuery(access: Access): Promise<void> {
  const query = "KILL QUERY WHERE user = '' AND query LIKE 'SELECT sleepEachRow%' SYNC";
  await ask(access, query, 2_000).catch(() => undefined);
}

async function ask({ url, username, password }: Access, query: string, timeoutMs: number): Promise<Response> {
  const response = await fetch(url, {
    method: 'POST',
    body: query,
    headers: { 'X-ClickHouse-User': username, 'X-ClickHouse-Key': password },
    signal: AbortSignal.timeout(timeoutMs),
  });
  await response.arrayBuffer();
  return response;
}

function isRefused(error: unknown): boolean {
  const cause = error instanceof Error ? error.cause : undefined;
  return cause instanceof Error && 'code' in cause && cause.code === 'ECONNREFUSED';
}
