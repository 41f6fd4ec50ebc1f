// SPDX-License-Identifier: MIT
// The chat through the official client: what is stored, in which order it is
// answered, who hears it, what is forgotten and what is not.
// usage: node test_chat.mjs <peal-carechat> [workers]
import assert from 'node:assert/strict';
import { after, before, test } from 'node:test';
import { addDevice, bearer, changeStore, Program, reading, send, sendReading, signUp, sleep, until } from './care.mjs';
import { FakeModel, spoken } from './model_fake.mjs';

const workers = process.argv[3] ?? '1';
let server, ann, ben;
const programs = [];

async function program(args, more = {}) {
  const one = new Program({ args: ['--workers', workers, ...args], ...more });
  programs.push(one);
  return one.start();
}

before(async () => {
  server = await program(['--word-pace', '3ms', '--user-messages-per-minute', '0', '--user-tokens-per-minute', '0']);
  [ann, ben] = await Promise.all(['ann', 'ben'].map((name) => signUp(server, name)));
});

after(async () => {
  for (const one of programs) await one.stop();
});

const enter = (who, on = server) => on.connect({ auth: { token: who.token } });
const messages = (socket, role) => socket.seen.filter(([name, data]) =>
  name === 'message' && data.role === role).map(([, data]) => data);
const deltas = (socket, id) => socket.seen.filter(([name, data]) =>
  name === 'message_delta' && data.reply_to === id).map(([, data]) => data);
const answerTo = (socket, id) => until(`an answer to ${id}`, () =>
  messages(socket, 'assistant').find(({ reply_to: to }) => to === id));

async function say(socket, message, more = {}) {
  const ack = await send(socket, 'send_message', { message, ...more });
  assert.equal(ack.status, 'success', JSON.stringify(ack));
  return ack;
}

async function history(socket, options = {}) {
  const count = socket.seen.filter(([name]) => name === 'conversation_history').length;
  assert.equal((await send(socket, 'get_conversation_history', options)).status, 'success');
  return until('a page', () => socket.seen.filter(([name]) => name === 'conversation_history')[count]?.[1]);
}

const clear = async (socket) => assert.equal((await send(socket, 'clear_conversation')).status, 'success');

test('a message is stored, acknowledged, then answered', async () => {
  const socket = await enter(ann);
  const { id, timestamp } = await say(socket, 'Hello');
  assert.ok(Math.abs(Date.parse(timestamp) - Date.now()) < 60000);
  const answer = await answerTo(socket, id);
  assert.deepEqual(Object.keys(answer).sort(),
    ['content', 'id', 'reply_to', 'role', 'source', 'state', 'timestamp']);
  assert.equal(answer.source, 'built-in');
  assert.match(answer.content, /built-in responder/);
  assert.match(answer.content, /no medical advice/);
  const pieces = deltas(socket, id);
  assert.ok(pieces.length > 10, 'word by word');
  assert.deepEqual(pieces.map(({ seq }) => seq), pieces.map((_, at) => at));
  assert.equal(pieces.map(({ delta }) => delta).join(''), answer.content);
  await clear(socket);
});

test('the answer knows the person\'s own vital signs', async () => {
  const socket = await enter(ann);
  const key = await addDevice(server, ann, 'watch');
  assert.equal((await sendReading(server, key, reading('watch', 'heart_rate', 71))).status, 200);
  const { id } = await say(socket, 'What was my heart rate?');
  assert.match((await answerTo(socket, id)).content, /Your last heart rate was 71 bpm/);
  const other = await enter(ben);
  const theirs = await say(other, 'What was my heart rate?');
  assert.match((await answerTo(other, theirs.id)).content, /no reading of your heart rate/);
  await clear(socket);
  await clear(other);
});

test('a message has 1 to 4000 characters', async () => {
  const socket = await enter(ann);
  for (const [message, code] of [['', 'invalid'], ['  \n ', 'invalid'], ['x'.repeat(4001), 'too_long'],
    ['👋'.repeat(4001), 'too_long'], [7, 'invalid'], [null, 'invalid'], [{}, 'invalid']]) {
    const ack = await send(socket, 'send_message', { message });
    assert.deepEqual([ack.status, ack.code, ack.field], ['error', code, 'message'], JSON.stringify(ack));
  }
  assert.equal((await send(socket, 'send_message')).status, 'error');
  assert.equal((await send(socket, 'send_message', { message: 'a', key: 'no blanks' })).field, 'key');
  // who asked for no acknowledgement hears an event
  socket.emit('send_message', { message: '' });
  await until('an error', () => socket.seen.find(([name, data]) => name === 'error' && data.code === 'invalid'));
  const { id } = await say(socket, '👋'.repeat(4000));
  const page = await history(socket);
  assert.equal([...page.messages.find((one) => one.id === id).content].length, 4000);
  await clear(socket);
});

test('answers come in the order of the questions, one at a time, from two tabs', async () => {
  const [one, two] = await Promise.all([enter(ann), enter(ann)]);
  const asked = [];
  for (let i = 0; i < 6; i += 1) asked.push(await say(i % 2 ? one : two, `question ${i}`));
  await answerTo(one, asked.at(-1).id);
  await answerTo(two, asked.at(-1).id);
  const order = asked.map(({ id }) => id);
  assert.deepEqual(order, [...order].sort((a, b) => a - b));
  for (const socket of [one, two]) {
    assert.deepEqual(messages(socket, 'assistant').map(({ reply_to: id }) => id), order);
    // no two at once
    const story = socket.seen.filter(([name, data]) => name === 'message_delta' ||
      (name === 'message' && data.role === 'assistant')).map(([, data]) => data.reply_to);
    assert.deepEqual(story, [...story].sort((a, b) => a - b));
  }
  // each tab hears of what the other asked
  assert.deepEqual(messages(one, 'user').map(({ content }) => content), ['question 0', 'question 2', 'question 4']);
  assert.deepEqual(messages(two, 'user').map(({ content }) => content), ['question 1', 'question 3', 'question 5']);
  await clear(one);
});

test('nobody hears, reads or changes the conversation of another', async () => {
  const [mine, theirs] = await Promise.all([enter(ann), enter(ben)]);
  const { id } = await say(mine, 'this is private', { key: 'same-key' });
  await answerTo(mine, id);
  for (const what of ['cancel_message', 'retry_message'])
    assert.equal((await send(theirs, what, { id })).status, 'error');
  assert.deepEqual((await history(theirs)).messages, []);
  assert.deepEqual((await history(theirs, { cursor: id + 1000 })).messages, []);
  await clear(theirs);
  // the same key of another person is another message
  assert.notEqual((await say(theirs, 'mine', { key: 'same-key' })).id, id);
  assert.equal((await server.get('/api/conversations')).status, 401);
  assert.ok(!(await server.get('/api/conversations', bearer(ben))).text.includes('private'));
  assert.ok((await server.get('/api/conversations', bearer(ann))).text.includes('private'));
  assert.ok(!JSON.stringify(theirs.seen).includes('private'));
  await clear(mine);
  await clear(theirs);
});

test('a message that comes twice with one key is stored and answered once', async () => {
  const socket = await enter(ann);
  const [first, second] = await Promise.all([
    say(socket, 'once', { key: 'k1' }), say(socket, 'once', { key: 'k1' })]);
  const third = await say(socket, 'once', { key: 'k1' });
  assert.deepEqual([second.id, third.id], [first.id, first.id]);
  assert.equal(third.timestamp, first.timestamp);
  await answerTo(socket, first.id);
  const { messages: page } = await history(socket);
  assert.equal(page.filter(({ role }) => role === 'user').length, 1);
  assert.equal(page.find(({ role }) => role === 'user').key, 'k1');
  await clear(socket);
});

test('what is being written is cancelled, and what waits', async () => {
  const socket = await enter(ann);
  const first = await say(socket, 'help');
  const second = await say(socket, 'help');
  const third = await say(socket, 'help');
  await until('some words', () => deltas(socket, first.id).length > 3);
  assert.equal((await send(socket, 'cancel_message', { id: second.id })).status, 'success');
  assert.equal((await send(socket, 'cancel_message', { id: first.id + 1 })).status, 'success');
  const cut = await answerTo(socket, first.id);
  assert.equal(cut.state, 'cancelled');
  assert.equal(deltas(socket, first.id).map(({ delta }) => delta).join(''), cut.content);
  assert.deepEqual([(await answerTo(socket, second.id)).state, (await answerTo(socket, third.id)).state],
    ['cancelled', 'done']);
  assert.equal(deltas(socket, second.id).length, 0);
  for (const id of [first.id, third.id, 123456, undefined])
    assert.equal((await send(socket, 'cancel_message', { id })).code, 'not_found');
  assert.equal((await send(socket, 'cancel_message', { id: 'x' })).code, 'invalid');
  const page = await history(socket);
  assert.equal(page.messages.find(({ id }) => id === first.id + 1).state, 'cancelled');
  // and may be asked again
  socket.seen.length = 0;
  assert.equal((await send(socket, 'retry_message', { id: first.id })).status, 'success');
  assert.equal((await answerTo(socket, first.id)).state, 'done');
  await clear(socket);
});

test('the history comes by pages, newest first, on the socket and by HTTP', async () => {
  const socket = await enter(ann);
  const ids = [];
  for (let i = 0; i < 5; i += 1) {
    const { id } = await say(socket, `question ${i}`);
    await answerTo(socket, id);
    ids.push(id);
  }
  const wanted = ids.toReversed().flatMap((id) => [id + 1, id]);
  const first = await history(socket, { limit: 2 });
  assert.deepEqual(first.messages.map(({ id }) => id), wanted.slice(0, 4));
  assert.equal(first.cursor, null);
  const second = await history(socket, { limit: 2, cursor: first.next });
  assert.deepEqual(second.messages.map(({ id }) => id), wanted.slice(4, 8));
  assert.equal(second.cursor, first.next);
  const last = await history(socket, { limit: 2, cursor: second.next });
  assert.deepEqual(last.messages.map(({ id }) => id), wanted.slice(8));
  assert.equal(last.next, null);
  const { status, json } = await server.get(`/api/conversations?limit=2&cursor=${first.next}`, bearer(ann));
  assert.equal(status, 200);
  assert.deepEqual(json.data, second.messages);
  assert.equal(json.next, second.next);
  for (const query of ['limit=0', 'limit=x', 'cursor=-1'])
    assert.equal((await server.get(`/api/conversations?${query}`, bearer(ann))).status, 422);
  assert.equal((await send(socket, 'get_conversation_history', { limit: 0 })).status, 'error');
  await clear(socket);
});

test('what is being written is in the history with its text so far', async () => {
  const [one, two] = await Promise.all([enter(ann), enter(ann)]);
  const { id } = await say(one, 'help');
  await until('some words', () => deltas(one, id).length > 5);
  const { messages: [writing] } = await history(two);
  assert.equal(writing.id, id + 1);
  assert.equal(writing.state, 'writing');
  const answer = await answerTo(two, id);
  const rest = deltas(two, id).filter(({ seq }) => seq >= writing.seq);
  assert.equal(writing.content + rest.map(({ delta }) => delta).join(''), answer.content);
  await clear(one);
});

test('clearing forgets what is stored, what waits and what is being written', async () => {
  const [one, two] = await Promise.all([enter(ann), enter(ann)]);
  const first = await say(one, 'help');
  await say(one, 'help');
  await until('some words', () => deltas(one, first.id).length > 2);
  await clear(two);
  for (const socket of [one, two])
    await until('it is told', () => socket.seen.find(([name]) => name === 'conversation_cleared'));
  const count = one.seen.length;
  assert.deepEqual((await history(one)).messages, []);
  assert.deepEqual((await server.get('/api/conversations', bearer(ann))).json.data, []);
  await sleep(100);
  assert.equal(one.seen.slice(count).filter(([name]) => name.startsWith('message')).length, 0);
  // and it goes on
  const next = await say(one, 'hello');
  assert.ok(next.id > first.id + 2, 'no number comes twice');
  assert.equal((await answerTo(one, next.id)).state, 'done');
  await clear(one);
});

test('only people chat: devices do not', async () => {
  const key = await addDevice(server, ann, 'pump');
  const device = await server.connect({ auth: { device_key: key, device_id: 'pump' } });
  for (const name of ['send_message', 'get_conversation_history', 'clear_conversation'])
    assert.equal((await send(device, name, { message: 'hello' })).status, 'error');
});

test('budgets are kept for each person, in words, over restarts, too', async () => {
  const dataDir = programs[0].dataDir + '-budgets';
  const args = ['--word-pace', '1ms', '--user-messages-per-minute', '2', '--user-messages-per-day', '3'];
  let one = await program(args, { dataDir });
  const [cleo, dora] = await Promise.all(['cleo', 'dora'].map((name) => signUp(one, name)));
  let socket = await enter(cleo, one);
  const first = await say(socket, 'one');
  await say(socket, 'two');
  let ack = await send(socket, 'send_message', { message: 'three' });
  assert.deepEqual([ack.status, ack.code], ['error', 'rate_limited']);
  assert.match(ack.message, /one minute/);
  assert.ok(ack.retry_after > 0 && ack.retry_after <= 60);
  await say(await enter(dora, one), 'mine');
  await answerTo(socket, first.id);
  await clear(socket);
  await one.stop();
  // the minute is forgotten, the day is not
  one = await program(args, { dataDir });
  socket = await enter(cleo, one);
  await say(socket, 'three');
  ack = await send(socket, 'send_message', { message: 'four' });
  assert.deepEqual([ack.status, ack.code], ['error', 'budget_exceeded']);
  assert.match(ack.message, /midnight UTC/);
});

test('what was acknowledged before a kill -9 is there, and marked as failed', async () => {
  const dataDir = programs[0].dataDir + '-killed';
  const args = ['--word-pace', '200ms'];
  let one = await program(args, { dataDir });
  const eve = await signUp(one, 'eve');
  let socket = await enter(eve, one);
  const first = await say(socket, 'before the end', { key: 'k' });
  const second = await say(socket, 'waits');
  await until('a word', () => deltas(socket, first.id).length > 1);
  await one.stop('SIGKILL');
  one = await program(['--word-pace', '1ms'], { dataDir });
  socket = await enter(eve, one);
  const { messages: page } = await history(socket);
  assert.deepEqual(page.map(({ id, state }) => [id, state]), [[second.id, 'failed'], [first.id, 'failed']]);
  assert.match(page[0].reason, /ended before the answer/);
  // sent again by a page that heard nothing: stored once
  assert.equal((await say(socket, 'before the end', { key: 'k' })).id, first.id);
  assert.equal((await send(socket, 'retry_message', { id: first.id })).status, 'success');
  assert.equal((await answerTo(socket, first.id)).state, 'done');
  assert.equal((await history(socket)).messages.find(({ id }) => id === first.id + 1).state, 'done');
});

test('a page has not more than so many bytes', async () => {
  const hal = await signUp(server, 'hal');
  const socket = await enter(hal);
  const wanted = [];
  for (let i = 0; i < 20; i += 1) {
    const { id } = await say(socket, '😀'.repeat(4000));
    await answerTo(socket, id);
    wanted.unshift(id);
  }
  const found = [];
  let pages = 0;
  for (let next = ''; next !== null; pages += 1) {
    const { json, text } = await server.get(`/api/conversations?limit=200${next && `&cursor=${next}`}`, bearer(hal));
    assert.ok(text.length < 400000, `${text.length} characters in one page`);
    found.push(...json.data.filter(({ role }) => role === 'user').map(({ id }) => id));
    ({ next } = json);
  }
  assert.deepEqual(found, wanted);
  assert.equal(pages, 2);
  await clear(socket);
});

test('an orderly stop keeps what was written', async () => {
  const dataDir = programs[0].dataDir + '-stopped';
  let one = await program(['--word-pace', '50ms'], { dataDir });
  const finn = await signUp(one, 'finn');
  let socket = await enter(finn, one);
  const { id } = await say(socket, 'help');
  await until('words', () => deltas(socket, id).length > 3);
  await one.stop();
  one = await program([], { dataDir });
  socket = await enter(finn, one);
  const { messages: [answer] } = await history(socket);
  assert.deepEqual([answer.id, answer.state], [id + 1, 'failed']);
  assert.match(answer.reason, /stopped/);
  assert.match(answer.content, /^I can say/);
});

test('so many questions of one person wait', async () => {
  const fake = await new FakeModel('openai').start();
  const one = await program(['--model-kind', 'openai', '--model-url', fake.url, '--model-name', 'm',
    '--user-waiting', '2']);
  const gina = await signUp(one, 'gina');
  const socket = await enter(gina, one);
  const first = await say(socket, 'silent');
  await until('it is asked', () => fake.of('silent').length === 1);
  await say(socket, 'stream');
  const third = await say(socket, 'stream');
  const ack = await send(socket, 'send_message', { message: 'stream' });
  assert.deepEqual([ack.status, ack.code], ['error', 'rate_limited']);
  assert.equal((await send(socket, 'cancel_message', { id: first.id })).status, 'success');
  await until('the connection is closed', () => fake.of('silent')[0].closed);
  assert.equal((await answerTo(socket, third.id)).content, spoken.join(''));
  await one.stop();
  await fake.stop();
});

test('a page of a long conversation ends where it is long enough', async () => {
  const eve = await signUp(server, 'eve');
  const id = Number(eve.room.slice('user_'.length));
  changeStore(server.dataDir, 'carechat.db', `WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < 60)
    INSERT INTO chat_exchanges (user_id, question, asked_ms, state, answer, answered_ms)
    SELECT ${id}, 'question ' || i, i, 'done', printf('%.*c', 32768, 'a'), i FROM n`);
  const page = await enter(eve);
  const seen = [];
  let cursor;
  do {
    const { messages: some, next } = await history(page, { limit: 200, cursor });
    assert.ok(some.length > 0 && JSON.stringify(some).length < 512 * 1024, String(JSON.stringify(some).length));
    seen.push(...some.filter(({ role }) => role === 'user').map(({ content }) => content));
    cursor = next;
  } while (cursor);
  assert.deepEqual(seen, Array.from({ length: 60 }, (_, i) => `question ${60 - i}`));
  const { json } = await server.get('/api/conversations?limit=200', bearer(eve));
  assert.ok(json.data.length < 40 && json.next > 0);
  page.disconnect();
});
