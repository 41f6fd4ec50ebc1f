// SPDX-License-Identifier: MIT
// model_fake: a model's endpoint that does what a question asks it to do, in the
// form of OpenAI's chat completions and of Gemini's streamGenerateContent. What
// it is to do stands in the question: "stall", "break", "429", ...
import http from 'node:http';

const sleep = (ms) => new Promise((done) => { setTimeout(done, ms); });

// An event of the stream, and how the whole of it ends.
const forms = {
  openai: {
    questionOf: (body) => body.messages.at(-1).content,
    event: (text) => ({ choices: [{ index: 0, delta: { content: text }, finish_reason: null }] }),
    first: { choices: [{ index: 0, delta: { role: 'assistant', content: '' }, finish_reason: null }] },
    last: [{ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }, '[DONE]'],
    error: { error: { message: 'sk-secret is overloaded', type: 'server_error' } },
    refused: { choices: [{ index: 0, delta: {}, finish_reason: 'content_filter' }] },
  },
  gemini: {
    questionOf: (body) => body.contents.at(-1).parts[0].text,
    event: (text) => ({ candidates: [{ content: { role: 'model', parts: [{ text }] }, index: 0 }] }),
    first: { candidates: [{ content: { role: 'model', parts: [{ text: 'a thought', thought: true }] } }] },
    last: [{ candidates: [{ content: { role: 'model', parts: [{ text: '' }] }, finishReason: 'STOP' }] }],
    error: { error: { code: 503, message: 'sk-secret is overloaded', status: 'UNAVAILABLE' } },
    refused: { promptFeedback: { blockReason: 'SAFETY' } },
  },
};

export const spoken = ['Good ', 'morning, ', 'Zoë: ', '你好 ', '👋🏽 ', 'done.'];

export class FakeModel {
  constructor(kind) {
    this.kind = kind;
    this.form = forms[kind];
    this.requests = []; // {method, url, headers, body, closed}
    this.tries = new Map(); // by question
    this.now = this.most = 0; // answers under way
  }

  async start(port = 0) {
    this.server = http.createServer((req, res) => {
      this.answer(req, res).catch(() => res.destroy());
    });
    await new Promise((done) => { this.server.listen(port, '127.0.0.1', done); });
    this.port = this.server.address().port;
    this.url = `http://127.0.0.1:${this.port}/v1`;
    return this;
  }

  stop() {
    this.server.closeAllConnections();
    return new Promise((done) => { this.server.close(done); });
  }

  of(question) {
    return this.requests.filter((one) => one.question === question);
  }

  async answer(req, res) {
    let text = '';
    for await (const piece of req) text += piece;
    const body = JSON.parse(text);
    const question = this.form.questionOf(body);
    const seen = { method: req.method, url: req.url, headers: req.headers, body, question, closed: false };
    this.requests.push(seen);
    res.setMaxListeners(0);
    this.now += 1;
    this.most = Math.max(this.most, this.now);
    res.once('close', () => {
      seen.closed = true;
      this.now -= 1;
    });
    const tries = (this.tries.get(question) ?? 0) + 1;
    this.tries.set(question, tries);
    const verb = question.split(' ')[0];
    await (this[`on_${verb}`] ?? this.on_stream).call(this, res, tries, seen);
  }

  begin(res) {
    res.writeHead(200, { 'Content-Type': 'text/event-stream' });
    this.put(res, this.form.first);
  }

  // Gemini's lines end with CR LF.
  text(event) {
    const data = typeof event === 'string' ? event : JSON.stringify(event);
    return this.kind === 'gemini' ? `data: ${data}\r\n\r\n` : `data: ${data}\n\n`;
  }

  put(res, event) {
    res.write(this.text(event));
  }

  say(res, words) {
    for (const word of words) this.put(res, this.form.event(word));
  }

  finish(res) {
    for (const event of this.form.last) this.put(res, event);
    res.end();
  }

  refuse(res, status, headers = {}) {
    res.writeHead(status, { 'Content-Type': 'application/json', ...headers });
    res.end(JSON.stringify({ error: { message: 'sk-secret: inner words' } }));
  }

  async on_stream(res) {
    this.begin(res);
    for (const word of spoken) {
      this.say(res, [word]);
      await sleep(60);
    }
    this.finish(res);
  }

  // Byte by byte, so that characters and lines are cut.
  async on_split(res) {
    res.writeHead(200, { 'Content-Type': 'text/event-stream' });
    res.socket.setNoDelay(true);
    const whole = Buffer.from(`: a comment\n\n${spoken.map((w) => this.text(this.form.event(w))).join('')}${
      this.form.last.map((event) => this.text(event)).join('')}`);
    for (let at = 0; at < whole.length; at += 1) {
      res.write(whole.subarray(at, at + 1));
      if (at % 40 === 0) await sleep(1);
    }
    res.end();
  }

  async on_later(res, tries) {
    if (tries === 1) this.refuse(res, 429, { 'Retry-After': '1' });
    else if (tries === 2) this.refuse(res, 500);
    else await this.on_stream(res);
  }

  async on_never(res) {
    this.refuse(res, 500);
  }

  async on_denied(res) {
    this.refuse(res, 401);
  }

  async on_silent() {
    // not a byte
  }

  // Well the second time it is asked.
  async on_stall(res, tries) {
    this.begin(res);
    this.say(res, ['half of ']);
    if (tries === 1) return;
    this.say(res, ['it']);
    this.finish(res);
  }

  async on_break(res) {
    this.begin(res);
    this.say(res, ['the first ', 'words']);
    await sleep(100);
    res.destroy();
  }

  // The connection ends orderly, the answer does not.
  async on_forget(res) {
    this.begin(res);
    this.say(res, ['the first ', 'words']);
    await sleep(100);
    res.end();
  }

  async on_garbage(res) {
    res.writeHead(200, { 'Content-Type': 'text/html' });
    res.end(`<html>${'\0\xff{'.repeat(1000)}</html>`);
  }

  async on_nonsense(res) {
    res.writeHead(200, { 'Content-Type': 'text/event-stream' });
    res.end('data: {"choices": [\n\ndata: {]}\n\n');
  }

  async on_error(res) {
    this.begin(res);
    this.put(res, this.form.error);
    res.end();
  }

  async on_filter(res) {
    this.begin(res);
    this.put(res, this.form.refused);
    res.end();
  }

  // As much as is taken.
  async on_endless(res) {
    this.begin(res);
    const piece = this.text(this.form.event('all work and no play '.repeat(20)));
    while (!res.closed && !res.destroyed)
      if (!res.write(piece)) await new Promise((done) => {
        res.once('drain', done);
        res.once('close', done);
      });
  }

  // One event that does not end.
  async on_line(res) {
    res.writeHead(200, { 'Content-Type': 'text/event-stream' });
    res.write('data: ');
    while (!res.closed && !res.destroyed)
      if (!res.write('x'.repeat(65536))) await new Promise((done) => {
        res.once('drain', done);
        res.once('close', done);
      });
  }

  // Until somebody does not want to hear more.
  async on_talk(res) {
    this.begin(res);
    for (let i = 0; !res.closed && i < 2000; i += 1) {
      this.say(res, [`word${i} `]);
      await sleep(10);
    }
    this.finish(res);
  }
}
