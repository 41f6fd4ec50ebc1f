// SPDX-License-Identifier: MIT
// Viewers of a DeskPulse server on bare sockets: many that take everything, one
// that reads 10 kB/s, one that never reads. What each got becomes one line of
// JSON. It answers pings, and shares no code with server or client library.
//   node viewers.mjs PORT FORM COUNT SECONDS      FORM: binary or base64
import crypto from 'node:crypto';
import net from 'node:net';

const [port, form, count, seconds] = [Number(process.argv[2]), process.argv[3], Number(process.argv[4]), Number(process.argv[5])];
const slowBytes = 1000; // every 100 ms
const tailBytes = 8000; // behind the picture, points of the body included
const now = () => performance.timeOrigin + performance.now();

// A client frame: masked, as RFC6455 5.3 wants it, with zeros.
function frame(text) {
  const body = Buffer.from(text);
  if (body.length > 125) throw new Error('longer than anything that is sent here');
  return Buffer.concat([Buffer.from([0x81, 0x80 | body.length, 0, 0, 0, 0]), body]);
}

class Viewer {
  constructor(pace) {
    Object.assign(this, { pace, seqs: [], latencies: [], held: Buffer.alloc(0), isOpen: false, taken: 0 });
    this.began = now();
    this.socket = net.connect({ port, host: '127.0.0.1' });
    this.socket.setNoDelay(true);
    this.socket.on('error', () => {});
    this.socket.on('close', () => { this.isClosed = true; });
    this.socket.write('GET /socket.io/?EIO=4&transport=websocket HTTP/1.1\r\nHost: localhost\r\nUpgrade: websocket\r\n'
      + `Connection: Upgrade\r\nSec-WebSocket-Key: ${crypto.randomBytes(16).toString('base64')}\r\nSec-WebSocket-Version: 13\r\n\r\n`);
    this.socket.on('data', this.onData = (bytes) => this.take(bytes));
    this.ready = new Promise((done) => { this.onReady = done; });
  }

  take(bytes) {
    this.taken += bytes.length;
    this.held = this.held.length ? Buffer.concat([this.held, bytes]) : bytes;
    if (!this.isOpen) {
      const end = this.held.indexOf('\r\n\r\n');
      if (end < 0) return;
      if (!this.held.toString('latin1', 0, 16).includes(' 101 ')) throw new Error(this.held.toString());
      this.held = this.held.subarray(end + 4);
      this.isOpen = true;
    }
    while (this.step());
  }

  step() {
    const h = this.held;
    if (h.length < 2) return false;
    let len = h[1] & 127;
    let at = 2;
    if (len === 126) {
      if (h.length < 4) return false;
      len = h.readUInt16BE(2);
      at = 4;
    } else if (len === 127) {
      if (h.length < 10) return false;
      len = Number(h.readBigUInt64BE(2));
      at = 10;
    }
    if (h.length < at + len) return false;
    if ((h[0] & 15) === 1) this.onText(h.subarray(at, at + len));
    else if ((h[0] & 15) === 2) this.onBinary();
    else if ((h[0] & 15) === 8) this.socket.end();
    this.held = h.subarray(at + len);
    return true;
  }

  onText(body) {
    const head = body.toString('latin1', 0, 40);
    if (head[0] === '2') this.socket.write(frame('3'));
    else if (head[0] === '0') this.socket.write(frame(form === 'binary' ? '40{"frames":"binary"}' : '40'));
    else if (head.startsWith('40')) this.onConnect();
    else if (head.startsWith('42["posture_update"')) this.count(body);
    else if (head.startsWith('451-["posture_frame"')) this.pending = Buffer.from(body);
  }

  onConnect() {
    this.connectMs = now() - this.began;
    this.onReady();
    if (this.pace === 'all') return;
    this.socket.off('data', this.onData);
    this.socket.pause();
    if (this.pace !== 'slow') return;
    this.timer = setInterval(() => {
      const bytes = this.socket.read(slowBytes) ?? this.socket.read();
      if (bytes) this.take(bytes);
    }, 100);
  }

  // The picture is here when its attachment is.
  onBinary() {
    if (this.pending) this.count(this.pending);
    this.pending = undefined;
  }

  // From the end: in front of it stands the picture.
  count(body) {
    if (!this.isCounting) return;
    const text = body.toString('latin1', Math.max(0, body.length - tailBytes));
    const seq = Number(text.slice(text.lastIndexOf('"seq":') + 6).match(/^\d+/)[0]);
    const captured = Number(text.slice(text.lastIndexOf('"captured_at":') + 14).match(/^[\d.]+/)[0]) * 1000;
    this.seqs.push(seq);
    this.latencies.push(now() - captured);
  }

  end() {
    clearInterval(this.timer);
    this.socket.destroy();
  }
}

const sleep = (ms) => new Promise((done) => { setTimeout(done, ms); });
// Nobody is waited for when all is done.
const refusal = (ms) => new Promise((_done, fail) => {
  setTimeout(() => fail(new Error('a viewer was not let in')), ms).unref();
});
const percentile = (sorted, p) => (sorted.length ? Number(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * p))].toFixed(2)) : null);
const paces = Array.from({ length: count }, (_, i) => (i === 0 ? 'slow' : i === 1 ? 'dead' : 'all'));
const viewers = [];
for (const pace of paces) {
  const one = new Viewer(pace);
  viewers.push(one);
  await Promise.race([one.ready, refusal(20000)]);
}
process.stderr.write('ready\n');
await sleep(2000); // what is not of the steady state
for (const one of viewers) one.isCounting = true;
await sleep(seconds * 1000);
for (const one of viewers) one.isCounting = false;
// What was shown while they counted, by those who take everything.
const full = viewers.filter((one) => one.pace === 'all');
const first = Math.min(...full.flatMap((one) => one.seqs.slice(0, 1)));
const shown = Math.max(...full.map((one) => one.seqs.at(-1) ?? 0)) - first + 1;
const latencies = full.flatMap((one) => one.latencies).sort((a, b) => a - b);
const shares = full.map((one) => one.seqs.length / shown).sort((a, b) => a - b);
const connects = viewers.map((one) => one.connectMs).sort((a, b) => a - b);
const slow = viewers[0];
console.log(JSON.stringify({
  viewers: count, seconds, frames: shown, frames_per_second: Number((shown / seconds).toFixed(2)),
  share_least: Number(shares[0]?.toFixed(4)), share_median: percentile(shares, 0.5),
  share_all: Number((shares.reduce((a, b) => a + b, 0) / shares.length).toFixed(4)),
  latency_p50_ms: percentile(latencies, 0.5), latency_p99_ms: percentile(latencies, 0.99), latency_max_ms: percentile(latencies, 1),
  connect_p50_ms: percentile(connects, 0.5), connect_max_ms: percentile(connects, 1),
  slow: { frames: slow.seqs.length, in_order: slow.seqs.every((seq, i) => i === 0 || seq > slow.seqs[i - 1]),
    age_median_ms: percentile([...slow.latencies].sort((a, b) => a - b), 0.5), bytes: slow.taken },
  closed: viewers.filter((one) => one.isClosed).length,
}));
for (const one of viewers) one.end();
