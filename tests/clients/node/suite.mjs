// The suite for the `openai` package of Node: prints what the client has seen in each scenario, as
// one JSON object. BASE_URL, API_KEY and MODEL say whom to ask.
import OpenAI from 'openai';

const client = new OpenAI({
  baseURL: process.env.BASE_URL,
  apiKey: process.env.API_KEY,
  maxRetries: 0,
});
const model = process.env.MODEL;

const turns = (text = 'The router blinks red. What shall I do?') => [
  { role: 'system', content: 'Be brief.' },
  { role: 'user', content: text },
];
const tools = [
  {
    type: 'function',
    function: {
      name: 'weather',
      parameters: { type: 'object', properties: { city: { type: 'string' } } },
    },
  },
];
const common = { model, messages: turns(), max_tokens: 8, temperature: 0 };

const chats = {
  whole: {},
  'max tokens': { max_tokens: 3 },
  seed: { seed: 7, temperature: 1 },
  stop: { stop: [' the', ' red'] },
  'two choices': { n: 2, temperature: 1, seed: 3 },
  'log-probabilities': { logprobs: true, top_logprobs: 3 },
  tools: { tools, tool_choice: 'auto' },
  unicode: { messages: turns('Grüße, 世界! 👩‍👩‍👧 \u2028 \u0000 \\ " naïve') },
  'an unknown field': { a_field_of_tomorrow: { deep: [1, null] } },
  'a bad parameter': { temperature: 9 },
  'a prompt beyond the context': { messages: turns('invoice '.repeat(30000)) },
};

const all = async (stream) => {
  const chunks = [];
  for await (const chunk of stream) chunks.push(chunk);
  return chunks;
};
const whole = (chat) => client.chat.completions.create({ ...common, ...chat });
const streamed = async (chat) =>
  all(
    await client.chat.completions.create({
      ...common,
      ...chat,
      stream: true,
      stream_options: { include_usage: true },
    }),
  );
const text = { model, prompt: 'The router', max_tokens: 5, temperature: 0 };

const leftEarly = async () => {
  const stream = await client.chat.completions.create({
    ...common,
    max_tokens: 200,
    stream: true,
  });
  let first = null;
  for await (const chunk of stream) {
    first = chunk;
    break; // aborts the request
  }
  return [first, await whole({})];
};
const aborted = async () => {
  const controller = new AbortController();
  const asked = client.chat.completions.create(
    { ...common, max_tokens: 200, stream: true },
    { signal: controller.signal },
  );
  const seen = [];
  for await (const chunk of await asked) {
    seen.push(chunk);
    controller.abort();
  }
  return [seen[0], await whole({})];
};
const unknownModel = async () => {
  try {
    await whole({ model: `${model}-that-is-not-there` });
  } catch (error) {
    return { raised: error.constructor.name, status: error.status };
  }
  return 'answered';
};
const listed = async () => {
  const models = await all(await client.models.list());
  return {
    'has ours': models.some((each) => each.id === model),
    kinds: [...new Set(models.map((each) => each.object))].sort(),
  };
};

const scenarios = {
  'a text completion': () => client.completions.create({ ...text, logprobs: 2 }),
  'a streamed text completion': async () =>
    all(await client.completions.create({ ...text, stream: true })),
  embeddings: () =>
    client.embeddings.create({
      model,
      input: ['The router', 'blinks red'],
      encoding_format: 'float',
    }),
  'an unknown model': unknownModel,
  'the list of models': listed,
  'a stream left early': leftEarly,
  'a stream aborted': aborted,
};
for (const [name, chat] of Object.entries(chats)) {
  scenarios[name] = () => whole(chat);
  scenarios[`${name}, streamed`] = () => streamed(chat);
}

const seen = {};
for (const [name, ask] of Object.entries(scenarios)) {
  try {
    seen[name] = await ask();
  } catch (error) {
    if (!(error instanceof OpenAI.APIError)) throw error;
    seen[name] = { raised: error.constructor.name, status: error.status, body: error.error };
  }
}
console.log(JSON.stringify(seen));
