import { describe, expect, it } from 'vitest';
import { readRecord } from '../../../auditor/payloads/all.js';
import { read, said, START_US, TRACE, usage } from './read.js';
import * as records from './records.js';

describe("Helicone's export", () => {
  it('is one call, with cached tokens inside the input whoever the provider is', () => {
    expect(read(records.helicone)).toMatchObject({
      recordId: 'b1a1c2d3-0000-4000-8000-000000000001',
      startUs: START_US,
      endUs: START_US + 1_250_000,
      call: {
        provider: 'anthropic',
        requestModel: 'claude-sonnet-4-5',
        responseId: 'msg_1',
        usage: usage(),
        reportedCostUsd: '0.003420000000',
      },
      vouched: [],
    });
    expect(said(read(records.helicone).claimed)).toMatchObject({
      request_user_id: 'jane',
      'request_properties.tenant.id': 'acme',
      'tenant.id': 'acme',
    });
    const openAi = { ...records.helicone, provider: 'OPENAI', prompt_tokens: 1000 };
    expect(read(openAi).call.usage).toEqual(usage());
    expect(read({ ...records.helicone, response_status: 429 }).failed).toBe(true);
  });
});

describe("Portkey's export", () => {
  it('has its cost in cents', () => {
    const record = read(records.portkey);
    expect(record).toMatchObject({
      traceId: TRACE,
      startUs: START_US,
      endUs: START_US + 1_250_000,
      call: {
        provider: 'openai',
        requestModel: 'gpt-4o',
        usage: usage({ cacheReadTokens: 0 }),
        reportedCostUsd: '0.003500000000',
      },
    });
    expect(said(record.vouched)).toEqual({ virtual_key: 'acme-key' });
    expect(said(record.claimed)).toMatchObject({ _user: 'jane', 'tenant.id': 'acme', 'metadata.tenant.id': 'acme' });
  });

  it('takes metadata as an object too, and no cost in another currency', () => {
    const plain = { ...records.portkey, cost_currency: 'EUR', metadata: { 'tenant.id': 'acme' }, cache_status: 'HIT' };
    expect(read(plain)).toMatchObject({ call: { reportedCostUsd: null, cacheReplay: true } });
    expect(said(read(plain).claimed)['tenant.id']).toBe('acme');
  });
});

describe("Cloudflare's log", () => {
  it('keeps what it was told in five entries', () => {
    const record = read(records.cloudflare);
    expect(record).toMatchObject({
      recordId: '01JBQ4X7F3',
      endUs: START_US + 1_250_000,
      call: {
        provider: 'gcp.gemini',
        requestModel: 'gemini-2.5-pro',
        usage: usage({ cacheReadTokens: 0 }),
        reportedCostUsd: '0.002250000000',
      },
    });
    expect(said(record.claimed)).toMatchObject({
      'tenant.id': 'acme',
      'budget.policy.id': 'pro',
      'user.id': '7',
      paid: 'true',
    });
    expect(read({ ...records.cloudflare, cached: true, success: false })).toMatchObject({
      failed: true,
      call: { cacheReplay: true },
    });
  });
});

describe("Kong's log", () => {
  it('has counts in singular or plural, and the consumer from the credential', () => {
    const record = read(records.kong);
    expect(record).toMatchObject({
      recordId: 'f1e2',
      requestIds: ['f1e2', 'q1'],
      startUs: START_US,
      endUs: START_US + 1_250_000,
      call: {
        provider: 'aws.bedrock',
        requestModel: 'claude',
        responseModel: 'claude-sonnet-4-5',
        stream: true,
        usage: usage({ cacheReadTokens: 0 }),
        reportedCostUsd: '0.004500000000',
      },
    });
    expect(said(record.vouched)).toEqual({
      'consumer.id': 'c-1',
      'consumer.username': 'acme',
      'consumer.custom_id': 'crm-7',
    });
    const older = {
      ...records.kong,
      ai: { 'ai-proxy': { meta: { request_model: 'x' }, usage: { prompt_tokens: 7, completion_tokens: 8 } } },
    };
    expect(read(older).call.usage).toMatchObject({ inputTokens: 7, outputTokens: 8 });
  });
});

describe("LangWatch's spend event", () => {
  it('has its cost in nano-dollars, once it is completed', () => {
    const record = read(records.langWatch);
    expect(record).toMatchObject({
      recordId: 'gr-1',
      traceId: TRACE,
      endUs: START_US + 1_250_000,
      call: { provider: 'openai', usage: usage(), reportedCostUsd: '0.003000001000' },
    });
    expect(said(record.vouched)).toEqual({
      organization_id: 'org-1',
      project_id: 'p-1',
      virtual_key_id: 'vk-1',
      principal_user_id: 'jane',
    });
    expect(said(record.claimed)).toMatchObject({ end_user_id: 'initech', labels: '["chat"]', 'feature.id': 'chat' });
    const settled = read({ ...records.langWatch, event_id: 'ev-1', status: 'settled' });
    expect(settled.call.reportedCostUsd).toBeNull();
    expect(settled.recordId).toBe(record.recordId);
  });
});

describe("Bifrost's log", () => {
  it('is one call, with the ids that hang on its key', () => {
    const record = read(records.bifrost);
    expect(record).toMatchObject({
      recordId: 'bf-1',
      requestIds: ['bf-1', 'bf-0'],
      startUs: START_US,
      call: {
        provider: 'gcp.vertex_ai',
        requestModel: 'gemini-2.5-pro',
        usage: usage(),
        reportedCostUsd: '0.002000000000',
      },
    });
    expect(said(record.vouched)).toEqual({ virtual_key_id: 'vk-1', team_id: 'acme', customer_ids: '["c1","c2"]' });
    expect(said(record.claimed)['x-bf-dim-feature']).toBe('chat');
  });
});

describe("OpenRouter's generation", () => {
  it('is billed by the tokens that the model counts', () => {
    expect(read(records.openRouter)).toMatchObject({
      recordId: 'gen-1',
      endUs: START_US + 1_250_000,
      call: {
        provider: 'openrouter',
        requestModel: 'openai/gpt-4o',
        responseId: 'chatcmpl-1',
        stream: true,
        usage: usage({ reasoningTokens: 30 }),
        reportedCostUsd: '0.003500000000',
      },
    });
    expect(said(read(records.openRouter).claimed)).toEqual({ external_user: 'jane' });
  });

  it('is billed by the provider where the caller brought a key', () => {
    const own = { ...records.openRouter.data, is_byok: true, total_cost: 0.0001, upstream_inference_cost: 0.0035 };
    expect(read(own).call).toMatchObject({
      provider: 'openai',
      requestModel: 'gpt-4o',
      reportedCostUsd: '0.003500000000',
    });
    expect(read({ ...own, upstream_inference_cost: null }).call.reportedCostUsd).toBeNull();
  });
});

describe("Langfuse's export", () => {
  it('reads an observation as its spans are read', () => {
    const record = read(records.langfuse);
    expect(record).toMatchObject({
      traceId: TRACE,
      spanId: '00f067aa0ba902b7',
      endUs: START_US + 1_250_000,
      call: { provider: 'openai', requestModel: 'gpt-4o', usage: usage(), reportedCostUsd: '0.003000000000' },
      vouched: [],
    });
    expect(said(record.claimed)).toMatchObject({ userId: 'jane', 'tenant.id': 'acme', tags: '["chat"]' });
    expect(readRecord({ ...records.langfuse, type: 'SPAN' })).toEqual({ reason: 'is a span, not a call to a model' });
  });
});

describe("Envoy AI Gateway's access log", () => {
  it('has its counts in the dynamic metadata, and the headers that were mapped', () => {
    const record = read(records.envoy);
    expect(record).toMatchObject({
      recordId: 'er-1',
      traceId: TRACE,
      spanId: '00f067aa0ba902b7',
      call: { provider: 'openai', requestModel: 'gpt-4o', usage: usage({ cacheReadTokens: 0 }), conversationId: 's-1' },
    });
    expect(said(record.claimed)).toEqual({ 'tenant.id': 'acme', 'session.id': 's-1' });
    const flat = { ...records.envoy, 'io.envoy.ai_gateway': undefined, llm_input_token: '5', llm_output_token: '6' };
    expect(read(flat).call.usage).toMatchObject({ inputTokens: 5, outputTokens: 6 });
  });
});
