// SPDX-License-Identifier: MIT
// Models of both forms behind the chat: what they do well, and all that they do
// otherwise. usage: node test_model.mjs <peal-carechat> <openai|gemini>
import assert from 'node:assert/strict';
import fs from 'node:fs';
import { after, before, test } from 'node:test';
import { Program, send, signUp, sleep, until } from './care.mjs';
import { FakeModel, spoken } from './model_fake.mjs';

const kind = process.argv[3] ?? 'openai';
const secret = `sk-${'0123456789abcdef'.repeat(2)}`;
let fake, server, everybody;

before(async () => {
  fake = await new FakeModel(kind).start();
  server = new Program({
    args: ['--model-kind', kind, '--model-url', `${fake.url}/`, '--model-name', 'test-model',
      '--model-stall', '400ms', '--model-backoff', '10ms', '--answer-bytes', '4096',
      '--max-answers', '2', '--word-pace', '1ms', '--user-messages-per-minute', '0',
      '--user-tokens-per-minute', '0', '--log-level', 'debug'],
    env: { PEAL_CARECHAT_MODEL_KEY: secret },
  });
  await server.start();
  // few of them: each costs the hash of a password
  everybody = await Promise.all(['ann', 'ben', 'cleo'].map(async (name) => {
    const who = await signUp(server, name);
    return { who, socket: await server.connect({ auth: { token: who.token } }) };
  }));
});

after(async () => {
  await fake.stop();
  await server.stop();
});

const somebody = (at = 0) => everybody[at];

// {id, answer, deltas}
async function ask(socket, message) {
  const { status, id } = await send(socket, 'send_message', { message });
  assert.equal(status, 'success');
  const answer = await answerTo(socket, id);
  return { id, answer, deltas: deltasOf(socket, id) };
}

const deltasOf = (socket, id) => socket.seen.filter(([name, data]) =>
  name === 'message_delta' && data.reply_to === id).map(([, data]) => data);
const answerTo = (socket, id, count = 1) => until(`an answer to ${id}`, () =>
  socket.seen.filter(([name, data]) => name === 'message' && data.reply_to === id)[count - 1]?.[1], 20000);

test('an answer is streamed, shown as it comes, then whole', async () => {
  const { socket } = somebody();
  const { id, answer, deltas } = await ask(socket, 'stream me something');
  assert.equal(answer.content, spoken.join(''));
  assert.deepEqual({ role: answer.role, state: answer.state, source: answer.source, id: answer.id },
    { role: 'assistant', state: 'done', source: 'test-model', id: id + 1 });
  assert.ok(deltas.length >= 4, `${deltas.length} deltas`);
  assert.deepEqual(deltas.map(({ seq }) => seq), deltas.map((_, at) => at));
  assert.equal(deltas.map(({ delta }) => delta).join(''), answer.content);
  assert.equal(deltas[0].delta, '');
});

test('it is asked as its vendor wants it, with the conversation so far', async () => {
  const { socket } = somebody(1);
  await ask(socket, 'stream one');
  await ask(socket, 'stream two');
  const [{ method, url, headers, body }] = fake.of('stream two');
  assert.equal(method, 'POST');
  assert.match(headers['content-type'], /^application\/json/);
  assert.ok(!url.includes(secret));
  if (kind === 'openai') {
    assert.equal(url, '/v1/chat/completions');
    assert.equal(headers.authorization, `Bearer ${secret}`);
    assert.equal(body.model, 'test-model');
    assert.equal(body.stream, true);
    assert.deepEqual(body.messages.map(({ role }) => role), ['system', 'user', 'assistant', 'user']);
    assert.match(body.messages[0].content, /not a doctor/);
    assert.deepEqual(body.messages.slice(1).map(({ content }) => content),
      ['stream one', spoken.join(''), 'stream two']);
  } else {
    assert.equal(url, '/v1/models/test-model:streamGenerateContent?alt=sse');
    assert.equal(headers['x-goog-api-key'], secret);
    assert.match(body.systemInstruction.parts[0].text, /not a doctor/);
    assert.deepEqual(body.contents.map(({ role, parts }) => [role, parts[0].text]),
      [['user', 'stream one'], ['model', spoken.join('')], ['user', 'stream two']]);
  }
});

test('characters and lines may be cut anywhere', async () => {
  const { socket } = somebody();
  const { answer, deltas } = await ask(socket, 'split it');
  assert.equal(answer.content, spoken.join(''));
  assert.equal(answer.state, 'done');
  assert.equal(deltas.map(({ delta }) => delta).join(''), answer.content);
  assert.ok(!answer.content.includes('\uFFFD'));
});

test('429 with Retry-After and 500 are tried again', async () => {
  const { socket } = somebody();
  const began = performance.now();
  const { answer } = await ask(socket, 'later please');
  assert.equal(answer.content, spoken.join(''));
  assert.equal(fake.of('later please').length, 3);
  assert.ok(performance.now() - began >= 1000);
});

const failures = [['never', 3], ['denied', 1], ['silent', 3], ['garbage', 1], ['nonsense', 1],
  ['error', 1], ['filter', 1], ['line', 1]];
for (const [verb, tries] of failures) {
  test(`where it fails before the first word the built-in responder answers, and says so: ${verb}`, async () => {
    const { socket } = somebody();
    const { answer } = await ask(socket, `${verb} what is my heart rate?`);
    assert.equal(answer.source, 'built-in');
    assert.equal(answer.state, 'done');
    assert.match(answer.content, /^The assistant's model could not answer: .*built-in responder answers instead/);
    assert.match(answer.content, /no reading of your heart rate/);
    assert.match(answer.content, /no medical advice/);
    assert.ok(!answer.content.includes('inner words') && !answer.content.includes('sk-'));
    assert.equal(fake.of(`${verb} what is my heart rate?`).length, tries);
    // it is degraded, in words, and it serves
    const { status, json } = await server.get('/health');
    assert.equal(status, 200);
    assert.notEqual(json.parts.model, 'ok');
  });
}

test('what breaks off in the middle is kept as failed, and can be asked again', async () => {
  const { socket } = somebody();
  for (const verb of kind === 'openai' ? ['break', 'forget'] : ['break']) {
    const { answer } = await ask(socket, `${verb} it`);
    assert.equal(answer.state, 'failed');
    assert.equal(answer.content, 'the first words');
    assert.match(answer.reason, /broke off/);
    assert.equal(fake.of(`${verb} it`).length, 1);
  }
  if (kind === 'gemini') // whose stream has no mark of its own for its end
    assert.equal((await ask(socket, 'forget it')).answer.state, 'done');
  const { id, answer } = await ask(socket, 'stall a while');
  assert.deepEqual([answer.state, answer.content], ['failed', 'half of ']);
  assert.match(answer.reason, /halt/);
  assert.equal((await send(socket, 'retry_message', { id })).status, 'success');
  const again = await answerTo(socket, id, 2);
  assert.deepEqual([again.state, again.content, again.id], ['done', 'half of it', answer.id]);
  assert.equal((await send(socket, 'retry_message', { id })).status, 'error');
});

test('an answer without an end is cut, and its connection closed', async () => {
  const { socket } = somebody();
  const before = rss();
  const { answer } = await ask(socket, 'endless please');
  assert.equal(answer.state, 'done');
  assert.ok(answer.content.length <= 4096 && answer.content.length > 4000, `${answer.content.length}`);
  assert.match(answer.reason, /too long/);
  await until('the connection is closed', () => fake.of('endless please')[0].closed);
  if (!process.env.PEAL_SANITIZE) assert.ok(rss() - before < 20e6, `${rss() - before} bytes more`);
});

const rss = () => Number(/VmRSS:\s+(\d+)/.exec(
  fs.readFileSync(`/proc/${server.child.pid}/status`, 'utf8'))[1]) * 1024;

test('cancelling cuts the connection to the model', async () => {
  const { socket } = somebody();
  const { id } = await send(socket, 'send_message', { message: 'talk on and on' });
  await until('some words', () => deltasOf(socket, id).length > 3);
  assert.equal((await send(socket, 'cancel_message', { id: id + 1 })).status, 'success');
  const answer = await answerTo(socket, id);
  assert.equal(answer.state, 'cancelled');
  assert.match(answer.content, /^word0 word1 /);
  assert.equal(deltasOf(socket, id).map(({ delta }) => delta).join(''), answer.content);
  await until('the connection is closed', () => fake.of('talk on and on')[0].closed, 5000);
  const next = await ask(socket, 'stream after that');
  assert.equal(next.answer.content, spoken.join(''));
});

test('so many answers at once, of all people; the others wait for their turn', async () => {
  fake.most = fake.now;
  const answers = await Promise.all(everybody.map(({ socket }, at) => ask(socket, `stream at once ${at}`)));
  for (const { answer } of answers) assert.equal(answer.content, spoken.join(''));
  assert.ok(fake.most === 2, `${fake.most} at once`);
});

test('an endpoint that is gone is said, and found again when it is back', async () => {
  const { socket } = somebody();
  const { port } = fake;
  await fake.stop();
  const { answer } = await ask(socket, 'stream from nowhere');
  assert.equal(answer.source, 'built-in');
  assert.match(answer.content, /no connection could be made/);
  await fake.start(port);
  const { answer: next } = await ask(socket, 'stream again');
  assert.equal(next.content, spoken.join(''));
});

test('the key is in no line of the log', async () => {
  await sleep(50);
  const lines = server.output + fs.readdirSync(server.dataDir, { recursive: true })
    .filter((name) => name.endsWith('.log'))
    .map((name) => fs.readFileSync(`${server.dataDir}/${name}`, 'utf8')).join('');
  assert.ok(!lines.includes(secret));
  assert.ok(!lines.includes('inner words'));
});
