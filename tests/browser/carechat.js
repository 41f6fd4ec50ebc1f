// SPDX-License-Identifier: MIT
// carechat: the pages of CareChat in headless Chromium: who gets in, the chat,
// vital signs, and what a page says and does when something is not there.
// Options: see scene.js.
import assert from 'node:assert/strict';
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { hold, release } from '../faults/lock_holder.mjs';
import { until } from './harness.js';
import {
  desktop, excuse, fits, judged, live, narrow, newServer, openPage, phone, runScene, shot, shows, text,
} from './scene.js';

const words = 'four words are fine';
const refused = /40[139]|422|Failed to load resource/;
const cutOff = /ERR_|WebSocket connection|net::|Failed to load resource/;
let server;
let page;

const isShown = (id, from = page) => from.locator(`#${id}`).isVisible();
const at = (from, name) => until(`it is on ${name}`, () => new URL(from.url()).pathname === `/${name}.html`);
const says = (id, pattern, from = page, limitMs = 15000) =>
  until(`#${id} says ${pattern}`, async () => pattern.test(await text(id, from)), limitMs);

async function signIn(from, username, { isNew = false, password = words } = {}) {
  await from.locator(isNew ? '#mode-register' : '#mode-login').click();
  await from.locator('#username').fill(username);
  await from.locator('#password').fill(password);
  await from.keyboard.press('Enter');
}

// A page of someone who is signed in, in a browser of its own.
async function openAs(username, options = {}) {
  const { on = server, ...rest } = options;
  const one = await openPage(`${on.url}/login.html`, rest);
  await signIn(one, username);
  await at(one, 'chat');
  await live(one);
  return one;
}

async function ask(message, from = page) {
  await from.locator('#message').fill(message);
  await from.keyboard.press('Enter');
}

const messages = (from = page) => from.locator('#chat-log .msg[data-id]');
const last = (from = page) => from.locator('#chat-log .theirs[data-id]').last();
const answered = (count, from = page) => until(`${count} answers`, async () =>
  await from.locator('#chat-log .theirs[data-state=done]').count() >= count, 20000);

// --- the door ----------------------------------------------------------------

async function theDoorLeadsToTheDemo() {
  const demo = await newServer('carechat-demo', { health: '/health', args: ['--simulate', '1'] });
  const one = await openPage(`${demo.url}/`);
  await until('it says who may look around', () => isShown('demo', one));
  await shot(one, 'carechat-door-demo');
  await signIn(one, 'demo', { password: fs.readFileSync(path.join(demo.dataDir, 'demo.password'), 'utf8').trim() });
  await at(one, 'chat');
  await live(one);
  await until('readings come', () => isShown('mini-vitals', one), 20000);
  assert.ok(await one.locator('#mini-vitals .badge').first().isVisible());
  await one.context().close();
  await demo.stop();
}

// Who was never in has no session that could have ended.
async function aStrangerIsSentToTheDoor() {
  excuse(refused);
  const one = await openPage(`${server.url}/vitals.html`);
  await until('the door', () => one.url() === `${server.url}/login.html?next=vitals`);
  await until('it is there', () => isShown('sign-in-submit', one));
  assert.equal(await isShown('why', one), false);
  excuse(null);
  await one.context().close();
}

async function theDoorSaysWhatIsWrong() {
  server = await newServer('carechat', {
    health: '/health',
    args: ['--user-messages-per-minute', '0', '--user-tokens-per-minute', '0', '--user-waiting', '100', '--word-pace', '6ms'],
  });
  page = await openPage(`${server.url}/`);
  await at(page, 'login');
  await page.locator('#sign-in-submit').click();
  await shows('username-problem', 'Please enter your user name.', page);
  assert.equal(await page.evaluate(() => document.activeElement.id), 'username');
  await signIn(page, 'maria', { isNew: true, password: 'short' });
  await says('password-problem', /at least 8/i);
  assert.equal(await page.locator('#password').getAttribute('aria-invalid'), 'true');
  await judged(page, 'door');
  excuse(refused);
  await signIn(page, '<img src=x onerror=alert(1)>', { isNew: true });
  await until('the name is not taken', async () => (await text('username-problem', page)) !== '');
  await signIn(page, 'maria');
  await says('form-problem', /do not belong together/);
  excuse(null);
}

async function aNewAccountIsIn() {
  const asked = [];
  page.on('request', (request) => asked.push(request.url()));
  await signIn(page, 'maria', { isNew: true });
  await at(page, 'chat');
  await live(page);
  await shows('account-open', 'maria', page);
  assert.match(await text('health', page), /^(good|slow|very slow)$/);
  await until('it says how to begin', () => isShown('chat-empty'));
  // A name is taken once; who is in is sent in.
  const other = await openPage(`${server.url}/login.html`);
  excuse(refused);
  await signIn(other, 'Maria', { isNew: true });
  await says('username-problem', /taken/, other);
  excuse(null);
  await other.context().close();
  await page.goto(`${server.url}/`);
  await at(page, 'chat');
  await page.goto(`${server.url}/login.html`);
  await at(page, 'chat');
  await live(page);
  assert.deepEqual(asked.filter((url) => /four|eyJ/.test(decodeURIComponent(url))), [], 'no secret in an address');
  const kept = await page.evaluate(() => JSON.stringify([{ ...localStorage }, { ...sessionStorage }, document.cookie]));
  assert.doesNotMatch(kept, /eyJ|\.ey|four/, 'no token where scripts could find it later');
}

// --- the chat ----------------------------------------------------------------

async function anAnswerIsStreamed() {
  await page.evaluate(() => {
    window.seen = new Set();
    new MutationObserver(() => window.seen.add(document.querySelector('.theirs[data-id] .bubble')?.textContent.length))
      .observe(document.getElementById('chat-log'), { childList: true, subtree: true, characterData: true });
  });
  await page.locator('#chat-prompts button').first().click();
  await until('the question stands there', async () =>
    /latest readings/.test(await page.locator('.mine').first().textContent()));
  await answered(1);
  assert.ok(await page.evaluate(() => window.seen.size) > 2, 'it grew on the page');
  await says('chat-said', /^Assistant: \S/);
  assert.equal(await page.locator('#chat-log').getAttribute('aria-live'), 'off', 'pieces are not read aloud');
  await says('chat-source', /built-in/);
}

async function keysDoWhatTheySay() {
  await page.locator('#message').fill('one');
  await page.keyboard.press('Shift+Enter');
  await page.keyboard.type('two');
  assert.equal(await page.locator('#message').inputValue(), 'one\ntwo');
  await page.keyboard.press('Enter');
  assert.equal(await page.locator('#message').inputValue(), '');
  await answered(2);
  assert.equal(await page.locator('.mine .bubble').last().evaluate((node) => node.textContent), 'one\ntwo');
}

async function fourThousandCharactersAndNoMore() {
  await page.locator('#message').fill('🙂'.repeat(4000));
  await shows('message-count', '4000 / 4000', page);
  assert.equal(await page.locator('#send').isDisabled(), false);
  await page.locator('#message').fill('🙂'.repeat(4001));
  await says('message-count', /too long by 1/);
  assert.equal(await page.locator('#send').isDisabled(), true);
  const before = await messages().count();
  await page.locator('#message').press('Enter');
  assert.equal(await messages().count(), before);
  await page.locator('#message').fill('');
}

// What a machine may write, and what has to come of it.
async function markdownIsShownSafely() {
  const wrong = await page.evaluate(async () => {
    const { markdownNodes } = await import('/js/markdown.js');
    const html = (source) => {
      const box = document.createElement('div');
      box.append(...markdownNodes(source));
      return box;
    };
    const cases = [
      ['**a** and *b*', '<p><strong>a</strong> and <em>b</em></p>'],
      ['***a***', '<p><strong><em>a</em></strong></p>'],
      ['snake_case_name 2*3*4', '<p>snake_case_name 2<em>3</em>4</p>'],
      ['**open', '<p>**open</p>'],
      ['a * b * c', '<p>a * b * c</p>'],
      ['`<b>` ``a`b``', '<p><code>&lt;b&gt;</code> <code>a`b</code></p>'],
      ['# T\n- a\n- b\n  - c', '<h3>T</h3><ul><li>a</li><li>b<ul><li>c</li></ul></li></ul>'],
      ['## C# and more ##\n# C#', '<h3>C# and more</h3><h3>C#</h3>'],
      ['3. x\n4. y', '<ol start="3"><li>x</li><li>y</li></ol>'],
      ['a\nb', '<p>a<br>b</p>'],
      ['> q', '<blockquote><p>q</p></blockquote>'],
      ['\\*no\\*', '<p>*no*</p>'],
      ['<script>alert(1)</script>', '<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>'],
      ['<img src=x onerror=alert(1)>', '<p>&lt;img src=x onerror=alert(1)&gt;</p>'],
      ['[a](javascript:alert(1))', '<p>[a](javascript:alert(1))</p>'],
      ['[a](JaVaScRiPt:alert(1))', '<p>[a](JaVaScRiPt:alert(1))</p>'],
      ['[a](data:text/html,x)', '<p>[a](data:text/html,x)</p>'],
      ['[a](//evil.example)', '<p>[a](//evil.example)</p>'],
      ['[a](https://user:pw@evil.example)', '<p>[a](https://user:pw@evil.example)</p>'],
      ['[a](vbscript:x)', '<p>[a](vbscript:x)</p>'],
    ];
    const bad = cases.map(([source, wanted]) => [source, wanted, html(source).innerHTML]).filter(([, a, b]) => a !== b);
    const link = html('see https://a.example/x?y=1&z=2.').querySelector('a');
    if (link?.outerHTML !== '<a href="https://a.example/x?y=1&amp;z=2" target="_blank" rel="noopener noreferrer nofollow" title="https://a.example/x?y=1&amp;z=2">https://a.example/x?y=1&amp;z=2</a>') bad.push(link?.outerHTML);
    const image = html('![x](https://a.example/pixel.png)');
    if (image.querySelector('img') || !image.querySelector('a')) bad.push('a picture is never loaded');
    const named = html('[a](https://a.example "x\\" onmouseover=\\"alert(1)")').querySelector('[onmouseover]');
    if (named) bad.push('an attribute was smuggled in');
    const kinds = new Set();
    const noise = ['*', '_', '`', '[', '](', ')', '<', '>', '~~', '\n', '- ', '#', 'a', ' ', 'https://a.b', '"', '\\', '```\n', '1. ', '    '];
    for (let i = 0; i < 3000; i += 1) {
      const source = Array.from({ length: 30 }, () => noise[Math.floor(Math.random() * noise.length)]).join('');
      for (const node of html(source).querySelectorAll('*')) {
        kinds.add(node.tagName);
        for (const { name } of node.attributes) kinds.add(`@${name}`);
      }
    }
    const allowed = 'P H3 UL OL LI BLOCKQUOTE PRE CODE HR BR EM STRONG DEL A @start @href @target @rel @title @tabindex @aria-label'.split(' ');
    bad.push(...[...kinds].filter((kind) => !allowed.includes(kind)));
    const heavy = ['*'.repeat(50000), '['.repeat(50000), '`'.repeat(50001), '[a]('.repeat(12000), '` '.repeat(25000), '> '.repeat(20000), '- '.repeat(20000), '**a '.repeat(12000), 'https://'.repeat(6000),
      `# a${' '.repeat(20000)}x`, `# ${'a #'.repeat(10000)}x`, `${'~'.repeat(50000)}\``, `~~~${' '.repeat(50000)}\``, `- ${' '.repeat(50000)}\u2028x`];
    for (const source of heavy) {
      const began = performance.now();
      html(source);
      if (performance.now() - began > 3000) bad.push(`slow: ${source.slice(0, 10)}`);
    }
    return bad;
  });
  assert.deepEqual(wrong, []);
}

// Pieces, answers and pages of the history may cross each other.
async function theTalkBearsAnyOrder() {
  const told = await page.evaluate(async () => {
    const talk = await import('/js/talk.js?another');
    const all = () => talk.talkAll().map(({ id, key, content, state }) => [id ?? key, content, state].join(' '));
    const out = [];
    const mine = talk.talkWrite('k1', 'Hello?', 1);
    out.push(all());
    talk.talkPut({ id: 2, key: 'k1', role: 'user', content: 'Hello?', timestamp: 'T' });
    talk.talkTaken(mine, { id: 2 });
    for (const [seq, delta] of [[0, ''], [2, 'b '], [2, 'b '], [1, 'a '], [0, ''], [1, 'x']]) talk.talkDelta({ id: 3, seq, delta, reply_to: 2 });
    out.push(all(), talk.talkHasGap(3));
    talk.talkPut({ id: 3, role: 'assistant', content: 'a', state: 'writing', seq: 1, reply_to: 2 });
    talk.talkDelta({ id: 3, seq: 4, delta: 'd', reply_to: 2 });
    out.push(all(), talk.talkHasGap(3), talk.talkPending().id);
    talk.talkPut({ id: 3, role: 'assistant', content: 'a b c d', state: 'done', reply_to: 2 });
    talk.talkDelta({ id: 3, seq: 3, delta: 'c ', reply_to: 2 });
    out.push(all(), talk.talkHasGap(3), talk.talkPending() === undefined);
    talk.talkPut({ id: 0, role: 'user', content: 'older', state: 'sent' });
    talk.talkWrite('k2', 'last', 2);
    talk.talkNewest([{ id: 4, role: 'user', content: 'new' }, { id: 3, role: 'assistant', content: 'a b c d', reply_to: 2 }]);
    out.push(all());
    talk.talkNewest([{ id: 8, role: 'user', content: 'far' }]);
    out.push(all());
    talk.talkDelta({ id: 9, seq: 0, delta: 'again', reply_to: 8 });
    talk.talkPut({ id: 9, role: 'assistant', content: 'again', state: 'failed', reply_to: 8 });
    talk.talkDelta({ id: 9, seq: 0, delta: 'anew', reply_to: 8 });
    out.push(all());
    return out;
  });
  assert.deepEqual(told, [
    ['k1 Hello? waiting'],
    ['2 Hello? sent', '3 a b  writing'], false,
    ['2 Hello? sent', '3 a b  writing'], true, 3,
    ['2 Hello? sent', '3 a b c d done'], false, true,
    ['0 older sent', '2 Hello? sent', '3 a b c d done', '4 new sent', 'k2 last waiting'],
    ['8 far sent', 'k2 last waiting'],
    ['8 far sent', '9 anew writing', 'k2 last waiting'],
  ]);
}

async function whatOneWritesIsText() {
  const evil = '<img src=x onerror="window.hurt=1"><script>window.hurt=1</script>';
  await ask(evil);
  await answered(3);
  assert.equal(await page.locator('.mine .bubble').last().textContent(), evil);
  assert.equal(await page.locator('#chat-log img, #chat-log script').count(), 0);
  assert.equal(await page.evaluate(() => window.hurt), undefined);
}

async function anotherTabSeesTheSame() {
  const other = await page.context().newPage();
  await other.goto(`${server.url}/chat.html`);
  await live(other);
  await until('it has the conversation', async () => await messages(other).count() === await messages().count());
  await ask('Hello from the other tab', other);
  await until('both see the question', async () =>
    /Hello from the other tab/.test(await page.locator('.mine .bubble').last().textContent()));
  await answered(4);
  await answered(4, other);
  assert.equal(await last().locator('.bubble').textContent(), await last(other).locator('.bubble').textContent());
  assert.equal(await page.locator('.mine').count(), await other.locator('.mine').count(), 'nothing twice');
  await other.close();
}

async function olderMessagesComeAbove() {
  for (let i = 1; i <= 14; i += 1) await ask(`Question ${i}`);
  await answered(18);
  await page.reload();
  await live(page);
  await until('the newest page is there', async () => await messages().count() >= 30);
  await until('it stands at its end', () => page.locator('#chat-scroller').evaluate((box) =>
    box.scrollHeight - box.scrollTop - box.clientHeight < 5));
  const before = await messages().count();
  await page.locator('#chat-scroller').evaluate((box) => { box.scrollTop = 0; });
  await until('older ones come', async () => await messages().count() > before);
  await until('the beginning is reached', () => page.locator('#chat-first').isVisible().catch(() => false));
  const ids = await messages().evaluateAll((nodes) => nodes.map((node) => Number(node.dataset.id)));
  assert.deepEqual(ids, [...ids].sort((a, b) => a - b), 'in their order');
  assert.equal(new Set(ids).size, ids.length);
  await page.locator('#chat-latest').click();
  await shot(page, 'carechat-chat');
}

async function clearingIsAskedForFirst() {
  await page.locator('#chat-clear').click();
  await page.getByRole('button', { name: 'Keep it' }).click();
  assert.ok(await messages().count() > 0);
  await page.locator('#chat-clear').click();
  await page.getByRole('button', { name: 'Delete all messages' }).click();
  await until('all are gone', async () => await messages().count() === 0);
  await page.reload();
  await live(page);
  await until('they stay gone', () => isShown('chat-empty'));
}

// --- a model -----------------------------------------------------------------

// One that speaks as OpenAI's does: `mode` is what it does with a question.
const model = { mode: 'whole', left: 0 };
const evil = 'Look: <img src=x onerror="window.hurt=1"> [here](javascript:window.hurt=1) ' +
  '<script>window.hurt=1</script> and **[there](https://example.org/?a=1)**.';

function onQuestion(req, res) {
  const say = (content) => res.write(`data: ${JSON.stringify({ choices: [{ delta: { content } }] })}\n\n`);
  res.writeHead(200, { 'Content-Type': 'text/event-stream' });
  if (model.mode === 'whole') {
    for (const word of evil.split(/(?<= )/)) say(word);
    res.end('data: {"choices":[{"delta":{},"finish_reason":"stop"}]}\n\ndata: [DONE]\n\n');
    return;
  }
  say('This is only the ');
  if (model.mode === 'breaks') return void setTimeout(() => res.destroy(), 50);
  const timer = setInterval(say, 50, 'beginning ');
  res.on('close', () => {
    clearInterval(timer);
    model.left += 1;
  });
}

async function whatAModelWritesIsText() {
  model.http = http.createServer((req, res) => req.resume().on('end', () => onQuestion(req, res)));
  await new Promise((done) => { model.http.listen(0, '127.0.0.1', done); });
  model.server = await newServer('carechat-model', {
    health: '/health', env: { PEAL_CARECHAT_MODEL_KEY: 'a-secret' },
    args: ['--model-kind', 'openai', '--model-url', `http://127.0.0.1:${model.http.address().port}/v1`,
      '--model-name', 'tiny', '--model-retries', '0', '--model-backoff', '1ms'],
  });
  model.page = await openPage(`${model.server.url}/login.html`);
  await signIn(model.page, 'otto', { isNew: true });
  await at(model.page, 'chat');
  await live(model.page);
  await ask('Who are you?', model.page);
  await answered(1, model.page);
  await says('chat-source', /the model tiny/, model.page);
  const links = await last(model.page).locator('a').evaluateAll((all) => all.map(({ href, rel }) => [href, rel]));
  assert.deepEqual(links, [['https://example.org/?a=1', 'noopener noreferrer nofollow']]);
  assert.equal(await model.page.locator('#chat-log img, #chat-log script').count(), 0);
  assert.equal(await model.page.evaluate(() => window.hurt), undefined);
}

async function escapeStopsAnAnswer() {
  model.mode = 'endless';
  await ask('Tell me everything', model.page);
  await until('it grows', async () => /beginning beginning/.test(await last(model.page).textContent()));
  assert.match(await text('chat-state', model.page), /is writing/);
  await shot(model.page, 'carechat-writing');
  await model.page.locator('#message').press('Escape');
  await until('it is stopped', async () => /stopped/.test(await last(model.page).locator('.meta').textContent()));
  await until('the model is left', () => model.left === 1);
  assert.equal(await isShown('stop', model.page), false);
  assert.equal(await text('chat-state', model.page), '');
}

async function aBrokenAnswerIsAskedForAgain() {
  model.mode = 'breaks';
  await ask('And now?', model.page);
  await until('it failed', async () => /The answer failed: ./.test(await last(model.page).locator('.meta').textContent()));
  assert.match(await last(model.page).textContent(), /This is only the/);
  await judged(model.page, 'a failed answer');
  await shot(model.page, 'carechat-failed');
  model.mode = 'whole';
  await model.page.reload();
  await live(model.page);
  await model.page.getByRole('button', { name: 'Ask this again' }).click();
  await answered(2, model.page);
  assert.equal(await model.page.locator('.mine').count(), 3, 'the question stands there once');
  assert.equal(await model.page.getByRole('button', { name: 'Ask this again' }).count(), 0);
}

async function withoutTheModelItSaysSo() {
  model.http.closeAllConnections();
  await new Promise((done) => { model.http.close(done); });
  await ask('Are you still there?', model.page);
  await answered(3, model.page);
  assert.match(await last(model.page).textContent(), /built-in responder answers instead/);
  await says('chat-source', /built-in/, model.page);
  await says('strip', /language model is not well/, model.page, 40000);
  await shot(model.page, 'carechat-no-model');
  await model.page.context().close();
  await model.server.stop();
}

async function tooManyAreSaidSo() {
  const strict = await newServer('carechat-strict', { health: '/health', args: ['--user-messages-per-minute', '2'] });
  const one = await openPage(`${strict.url}/login.html`);
  await signIn(one, 'eva', { isNew: true });
  await at(one, 'chat');
  await live(one);
  for (const question of ['one', 'two', 'three']) await ask(question, one);
  await until('the third was not sent', async () =>
    /not sent: ./.test(await one.locator('.mine .meta').last().textContent()));
  await answered(2, one);
  await one.getByRole('button', { name: 'Discard this message' }).click();
  assert.equal(await one.locator('#message').inputValue(), 'three', 'it can be changed and sent later');
  await one.context().close();
  await strict.stop();
}

// --- vitals ------------------------------------------------------------------

let key;

async function send(metric, value, { key: shown = key, ...more } = {}) {
  const response = await fetch(`${server.url}/api/vitals`, {
    method: 'POST', headers: { 'Content-Type': 'application/json', 'X-Device-Key': shown },
    body: JSON.stringify({ device_id: 'cuff-1', metric, value, ...more }),
  });
  assert.equal(response.status, 200, `${metric} ${value}: ${await response.clone().text()}`);
}

async function aDeviceGetsItsKeyOnce() {
  await page.locator('.pages a', { hasText: 'Vitals' }).click();
  await at(page, 'vitals');
  await live(page);
  await until('it says how to begin', () => isShown('begin'));
  await until('no device', () => isShown('device-place'));
  await page.locator('#device-form button').click();
  await shows('device-problem', 'Please give the device a name.', page);
  await page.locator('#device-id').fill('cuff-1');
  await page.keyboard.press('Enter');
  await until('the key is there', () => isShown('device-key'));
  key = await text('device-key-text', page);
  assert.match(key, /^\S{20,}$/);
  await shot(page, 'carechat-vitals-empty', { fullPage: true });
  await page.getByRole('button', { name: 'I have it' }).click();
  assert.doesNotMatch(await page.content(), new RegExp(key));
}

async function readingsAreLive() {
  await send('heart_rate', 72, { unit: 'bpm' });
  await shows('value-heart_rate', '72', page);
  await shows('status-heart_rate', 'normal', page);
  await until('the hint is gone', async () => !await isShown('begin'));
  await says('device-count', /1 of 1 online/);
  await send('temperature', 37, { unit: '°C' });
  await send('systolic', 124, { unit: 'mmHg' });
  await send('diastolic', 78, { unit: 'mmHg' });
  await send('respiration', 15, { unit: '/min' });
  await send('spo2', 98, { unit: '%' });
  await shows('value-temperature', '37.0', page);
  await shows('value-spo2', '98', page);
  await until('the plot has it', async () => await text('plot-value-heart_rate', page) === '72');
  const inks = await page.locator('#plot-heart canvas').evaluate((canvas) =>
    canvas.getContext('2d').getImageData(0, 0, canvas.width, canvas.height).data.some((v) => v > 0));
  assert.ok(inks, 'something is drawn');
}

async function anAlertIsAcknowledged() {
  await send('spo2', 85, { unit: '%' });
  await shows('status-spo2', 'critical', page);
  await says('alert-count', /1 alert to acknowledge/);
  await says('alert-list', /critical/);
  await says('notices', /critical: .*85 %/);
  await page.locator('#alert-list button').first().click();
  await shows('alert-count', 'all acknowledged', page);
  await page.reload();
  await live(page);
  await shows('alert-count', 'all acknowledged', page);
  await says('alert-list', /acknowledged/);
}

async function readingsByPages() {
  for (let i = 0; i < 15; i += 1) await send('heart_rate', 60 + i, { unit: 'bpm' });
  await page.reload();
  await live(page);
  const rows = page.locator('#past-table tbody tr');
  await until('a page is there', async () => await rows.count() === 12);
  await page.locator('#past-more').click();
  await until('and the next', async () => await rows.count() === 16);
  assert.equal(await isShown('past-more'), false);
  await page.locator('#past-metric').selectOption('temperature');
  await until('of another one', async () => await rows.count() === 1);
  assert.match(await text('past-table', page), /37\.0 °C/);
}

async function timeMovesByKeys() {
  await page.locator('#plot-heart').focus();
  await page.keyboard.press('ArrowLeft');
  await until('it stands still', () => isShown('chart-live'));
  assert.match(await text('chart-said', page), /–/);
  await page.keyboard.press('Home');
  await until('it is live again', async () => !await isShown('chart-live'));
  await page.locator('[data-span="86400"]').click();
  assert.equal(await page.locator('[data-span="86400"]').getAttribute('aria-pressed'), 'true');
  await until('what is drawn is told', async () =>
    /Heart rate: \d+ to \d+ bpm/.test(await page.locator('#plot-heart').getAttribute('aria-label')));
}

async function whatIsSimulatedSaysSo() {
  await page.locator('#device-id').fill('SIM-9');
  await page.keyboard.press('Enter');
  await says('device-key', /The key of SIM-9/);
  await send('respiration', 28, { unit: '/min', device_id: 'SIM-9', key: await text('device-key-text', page) });
  await page.getByRole('button', { name: 'I have it' }).click();
  await page.locator('#past-metric').selectOption('respiration');
  const places = ['#tile-respiration .badge', '#alert-list .badge', '#care-devices .badge', '#past-table .badge'];
  const allSaySo = (of, from = page) => until(`${of} say so`, async () => {
    const seen = await Promise.all(of.map((place) => from.locator(place).first().isVisible()));
    return seen.every(Boolean);
  });
  await page.reload();
  await live(page);
  await page.locator('#past-metric').selectOption('respiration');
  await allSaySo(places);
  assert.equal(await page.locator('#tile-heart_rate .badge').isVisible(), false);
  await page.setViewportSize({ width: 360, height: 640 });
  for (const badge of await page.locator('.badge:visible').all()) {
    const { height } = await badge.boundingBox();
    assert.ok(height < 28, `${await badge.innerText()} is in one line on a phone: ${height}`);
  }
  await page.setViewportSize(desktop.viewport);
  const chat = await page.context().newPage();
  await chat.goto(`${server.url}/chat.html`);
  await allSaySo(['#mini-vitals .badge:visible'], chat);
  await chat.close();
  await page.locator('#alert-list button').first().click();
}

async function aKeyIsRevoked() {
  await page.getByLabel('Revoke the key of cuff-1').click();
  await page.getByRole('button', { name: 'Revoke', exact: true }).last().click();
  await says('care-devices', /key revoked/);
  const response = await fetch(`${server.url}/api/vitals`, {
    method: 'POST', headers: { 'Content-Type': 'application/json', 'X-Device-Key': key },
    body: JSON.stringify({ device_id: 'cuff-1', metric: 'spo2', value: 97, unit: '%' }),
  });
  assert.equal(response.status, 401);
  await page.locator('#device-id').fill('cuff-2');
  await page.keyboard.press('Enter');
  await until('another has its key', () => isShown('device-key'));
  await page.getByRole('button', { name: 'I have it' }).click();
}

// --- for everyone ------------------------------------------------------------

// What a reader on a screen of this size meets, from the door on.
async function isFor(name, size) {
  for (const colorScheme of ['light', 'dark']) {
    const about = `${name}-${colorScheme}`;
    const fitsAndIsJudged = async (one, what, options) => {
      await fits(one, size.viewport.width, `${what}-${about}`);
      await judged(one, `${what}-${about}`);
      await shot(one, `carechat-${what}-${about}`, options);
    };
    const one = await openPage(`${server.url}/login.html`, { ...size, colorScheme });
    await fitsAndIsJudged(one, 'door');
    await signIn(one, 'maria');
    await at(one, 'chat');
    await live(one);
    await answered(1, one);
    await fitsAndIsJudged(one, 'chat');
    await one.locator('.pages a', { hasText: 'Vitals' }).click();
    await at(one, 'vitals');
    await live(one);
    await shows('value-heart_rate', '74', one);
    await fitsAndIsJudged(one, 'vitals', { fullPage: true });
    await one.locator('#account-open').click();
    await says('account-connection', /^Live, WebSocket, .*, (good|slow|very slow)$/, one);
    await fitsAndIsJudged(one, 'account');
    await one.context().close();
  }
}

async function somethingToLookAt() {
  await page.goto(`${server.url}/chat.html`);
  await live(page);
  await ask('How are my latest readings?');
  await answered(1);
}

// --- what is not there ---------------------------------------------------------

async function withoutTheServerItSaysSo() {
  excuse(cutOff);
  await server.stop('SIGKILL');
  await says('strip', /Disconnected/);
  await says('connection-state', /Reconnecting/);
  await shows('health', 'no connection', page);
  await ask('Written while it was away');
  await until('it waits', async () => /waiting for the connection/.test(await page.locator('.mine .meta').last().textContent()));
  await shot(page, 'carechat-cut');
  await server.start();
  await live(page);
  await until('it was sent by itself', async () => /Written while it was away/.test(
    await page.locator('.mine[data-state=sent] .bubble').last().textContent().catch(() => '')));
  await answered(2);
  assert.equal(await text('strip', page), '');
  assert.equal(await page.locator('.mine', { hasText: 'Written while' }).count(), 1);
  excuse(null);
}

async function withoutTheStoreItSaysSo() {
  excuse(/503/);
  await hold(path.join(server.dataDir, 'carechat.db'));
  await ask('Can you keep this?');
  await until('it was not sent', async () =>
    /not sent: ./.test(await page.locator('.mine .meta').last().textContent()), 20000);
  await says('strip', /cannot keep anything/, page, 20000);
  assert.equal(await text('connection-state', page), 'Live', 'the connection goes on');
  await shot(page, 'carechat-no-store');
  await release();
  await until('nothing is said any more', async () => await text('strip', page) === '', 20000);
  const again = page.getByRole('button', { name: 'Send this message again' });
  // What was asked when nobody answered may have been taken after all.
  if (await again.isVisible()) await again.click();
  await answered(3);
  assert.equal(await page.locator('.mine[data-state=sent]', { hasText: 'Can you keep this?' }).count(), 1);
  await page.reload();
  await live(page);
  await answered(3);
  assert.equal(await page.locator('.mine', { hasText: 'Can you keep this?' }).count(), 1, 'it is there once');
  excuse(null);
}

async function offlineAndBack() {
  excuse(cutOff);
  await page.context().setOffline(true);
  await says('strip', /offline/);
  await says('connection-state', /Reconnecting/);
  await page.context().setOffline(false);
  await live(page);
  await until('nothing is said any more', async () => await text('strip', page) === '');
  excuse(null);
}

async function afterFiveAttemptsThereIsAButton() {
  excuse(cutOff);
  await server.stop();
  await says('strip', /could not be reached/, page, 45000);
  await shows('connection-state', 'Not connected', page);
  await judged(page, 'given up');
  await server.start();
  await page.getByRole('button', { name: 'Try again' }).click();
  await live(page);
  await until('nothing is said any more', async () => await text('strip', page) === '');
  excuse(null);
}

// --- sessions ----------------------------------------------------------------

async function tokensAreRenewedInPlace() {
  const short = await newServer('carechat-short', { health: '/health', args: ['--access-token-time', '6s'] });
  const one = await openPage(`${short.url}/login.html`);
  await signIn(one, 'ines', { isNew: true });
  await at(one, 'chat');
  await live(one);
  const two = await one.context().newPage();
  await two.goto(`${short.url}/vitals.html`);
  await live(two);
  const gone = [];
  let renewals = 0;
  for (const from of [one, two]) {
    from.on('websocket', () => gone.push('a new connection'));
    from.on('framenavigated', () => gone.push('another page'));
    from.on('response', (response) => {
      if (response.url().endsWith('/api/token/refresh') && response.ok()) renewals += 1;
    });
  }
  const began = performance.now();
  await until('tokens were renewed', () => renewals >= 2, 30000);
  await until('the first would be over', () => performance.now() - began > 7000);
  assert.deepEqual(gone, [], 'both stayed where they were');
  await ask('Still there?', one);
  await answered(1, one);
  // The network fails for the renewal alone: at the end it is closed, and when
  // it is back it goes on.
  excuse(cutOff);
  const block = (route) => route.abort();
  await two.close();
  await one.route('**/api/token/refresh', block);
  await says('strip', /Disconnected/, one, 20000);
  await one.unroute('**/api/token/refresh', block);
  await live(one);
  excuse(null);
  await one.context().close();
  await short.stop();
}

async function severalTabsDoNotRaceForAToken() {
  const one = await openAs('maria');
  const tabs = await Promise.all(Array.from({ length: 5 }, () => one.context().newPage()));
  for (let i = 0; i < 3; i += 1) {
    await Promise.all(tabs.map((tab) => tab.goto(`${server.url}/${i % 2 ? 'chat' : 'vitals'}.html`)));
  }
  for (const tab of tabs) await live(tab);
  await live(one);
  // Where the page came over plain HTTP from elsewhere, browsers have no locks.
  const plain = await one.context().newPage();
  const other = await one.context().newPage();
  for (const from of [plain, other]) {
    await from.addInitScript(() => Object.defineProperty(Navigator.prototype, 'locks', { value: undefined }));
  }
  for (let i = 0; i < 3; i += 1) {
    await Promise.all([plain, other].map((from) => from.goto(`${server.url}/chat.html`)));
  }
  for (const from of [plain, other]) {
    await live(from);
    await from.close();
  }
  // Pages that were left in the middle of asking.
  const [tab] = tabs;
  for (let i = 0; i < 6; i += 1) await tab.goto(`${server.url}/chat.html`, { waitUntil: 'commit' });
  await live(tab);
  await one.context().close();
}

async function signedOutHereIsSignedOutInAllTabs() {
  const one = await openAs('maria');
  const two = await one.context().newPage();
  await two.goto(`${server.url}/vitals.html`);
  await live(two);
  await one.locator('#account-open').click();
  await one.locator('#sign-out-here').click();
  await at(one, 'login');
  await says('why', /signed out/, one);
  await at(two, 'login');
  assert.equal(new URL(two.url()).searchParams.get('next'), 'vitals');
  excuse(refused);
  await two.goto(`${server.url}/vitals.html`);
  await at(two, 'login');
  excuse(null);
  await live(page); // another sign-in of hers
  await signIn(two, 'maria');
  await at(two, 'vitals');
  await one.context().close();
}

async function signedOutEverywhere() {
  const one = await openAs('maria');
  excuse(refused);
  await one.locator('#account-open').click();
  await one.locator('#sign-out-everywhere').click();
  await at(one, 'login');
  await at(page, 'login');
  await says('why', /has ended/);
  excuse(null);
  await judged(page, 'door with a reason');
}

await runScene([
  ['the door leads to the demo', theDoorLeadsToTheDemo],
  ['the door says what is wrong', theDoorSaysWhatIsWrong],
  ['a stranger is sent to the door', aStrangerIsSentToTheDoor],
  ['a new account is in', aNewAccountIsIn],
  ['an answer is streamed', anAnswerIsStreamed],
  ['keys do what they say', keysDoWhatTheySay],
  ['4000 characters and no more', fourThousandCharactersAndNoMore],
  ['markdown is shown safely', markdownIsShownSafely],
  ['the talk bears any order', theTalkBearsAnyOrder],
  ['what one writes is text', whatOneWritesIsText],
  ['another tab sees the same', anotherTabSeesTheSame],
  ['older messages come above', olderMessagesComeAbove],
  ['clearing is asked for first', clearingIsAskedForFirst],
  ['what a model writes is text', whatAModelWritesIsText],
  ['Escape stops an answer', escapeStopsAnAnswer],
  ['a broken answer is asked for again', aBrokenAnswerIsAskedForAgain],
  ['without the model it says so', withoutTheModelItSaysSo],
  ['too many are said so', tooManyAreSaidSo],
  ['a device gets its key once', aDeviceGetsItsKeyOnce],
  ['readings are live', readingsAreLive],
  ['an alert is acknowledged', anAlertIsAcknowledged],
  ['readings by pages', readingsByPages],
  ['time moves by keys', timeMovesByKeys],
  ['what is simulated says so', whatIsSimulatedSaysSo],
  ['a key is revoked', aKeyIsRevoked],
  ['there is something to look at', somethingToLookAt],
  ...Object.entries({ desktop, phone, narrow }).map(([name, size]) =>
    [`it fits and is accessible: ${name}`, () => isFor(name, size)]),
  ['without the server it says so', withoutTheServerItSaysSo],
  ['without the store it says so', withoutTheStoreItSaysSo],
  ['offline, and back', offlineAndBack],
  ['after five attempts there is a button', afterFiveAttemptsThereIsAButton],
  ['tokens are renewed in place', tokensAreRenewedInPlace],
  ['several tabs do not race for a token', severalTabsDoNotRaceForAToken],
  ['signed out here is signed out in all tabs', signedOutHereIsSignedOutInAllTabs],
  ['signed out everywhere', signedOutEverywhere],
]);
