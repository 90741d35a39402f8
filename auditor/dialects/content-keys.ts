/**
 * Keys under which instrumentation writes what people and models said to each other, or what tools were given. A `*`
 * at the end stands for any ending.
 */
export const contentKeys = [
  'gen_ai.prompt*',
  'gen_ai.completion*',
  'gen_ai.input.messages*',
  'gen_ai.output.messages*',
  'gen_ai.system_instructions*',
  'gen_ai.tool.call.arguments*',
  'gen_ai.tool.call.result*',
  'gen_ai.tool.definitions*',
  'gen_ai.tool.description*',
  'gen_ai.content*',
  'gen_ai.event.content*',
  'gen_ai.retrieval.query*',
  'gen_ai.retrieval.documents*',
  'gen_ai.evaluation.explanation*',
  'llm.prompts*',
  'llm.prompt*',
  'llm.completions*',
  'llm.input_messages*',
  'llm.output_messages*',
  'llm.function_call*',
  'llm.tools*',
  'llm.invocation_parameters*',
  'input.value*',
  'output.value*',
  'embedding.embeddings*',
  'embedding.text*',
  'retrieval.documents*',
  'reranker.*',
  'message.*',
  'tool.parameters*',
  'tool.arguments*',
  'tool_call.*',
  'document.*',
  'ai.prompt*',
  'ai.response.text*',
  'ai.response.object*',
  'ai.response.reasoning*',
  'ai.response.toolCalls*',
  'ai.response.files*',
  'ai.result.*',
  'ai.toolCall.args*',
  'ai.toolCall.result*',
  'ai.value*',
  'ai.values*',
  'ai.embedding*',
  'traceloop.entity.input*',
  'traceloop.entity.output*',
  'traceloop.prompt*',
  'langfuse.observation.input*',
  'langfuse.observation.output*',
  'langfuse.trace.input*',
  'langfuse.trace.output*',
  'langsmith.inputs*',
  'langsmith.outputs*',
  'langwatch.input*',
  'langwatch.output*',
  'mastra.*.input*',
  'mastra.*.output*',
  'genkit:input*',
  'genkit:output*',
  'mcp.request.argument*',
  'http.request.body*',
  'http.response.body*',
  'exception.*',
  'db.query.text',
  'db.statement',
] as const;

const IS_CONTENT = new RegExp(`^(?:${contentKeys.map(patternSource).join('|')})$`, 'i');

function patternSource(pattern: string): string {
  return pattern.replaceAll(/[.?+^$()[\]{}|\\]/g, String.raw`\$&`).replaceAll('*', '.*');
}

/** Whether a key holds content: such a value is never kept, whatever else speaks for the key. */
export function isContentKey(key: string): boolean {
  return IS_CONTENT.test(key);
}
