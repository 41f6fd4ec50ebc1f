// SPDX-License-Identifier: MIT
// crowd: other screens of the hospital, in a process of their own: sockets that
// take every alert, say so as the page does, and count what is different.
//
//   node crowd.js URL TOKEN COUNT
//
// Writes "ready" when all are connected. A line on its input is answered by one
// of JSON: {"least","most"}, how many alerts the screens have.
import readline from 'node:readline';
import WebSocket from 'ws';

const [url, token, count] = process.argv.slice(2);
const receivedEveryMs = 200;
const mark = Buffer.from('42["patient_alert",');
const idMark = Buffer.from('"id":');

class Screen {
  constructor() {
    Object.assign(this, { ids: new Set(), fresh: [] });
    this.socket = new WebSocket(`${url.replace('http', 'ws')}/socket.io/?EIO=4&transport=websocket`, { perMessageDeflate: false });
    this.ready = new Promise((done) => { this.onReady = done; });
    this.socket.on('message', (bytes) => this.#take(bytes));
    this.socket.on('close', () => { console.error('a screen was closed'); process.exit(1); });
    setInterval(() => this.#say(), receivedEveryMs);
  }

  #take(bytes) {
    if (bytes.subarray(0, mark.length).equals(mark)) {
      const at = bytes.indexOf(idMark) + idMark.length;
      const id = parseInt(bytes.toString('latin1', at, at + 20), 10);
      if (this.ids.has(id)) throw new Error(`alert ${id} came twice`);
      this.ids.add(id);
      this.fresh.push(id);
    } else if (bytes.length === 1 && bytes[0] === 0x32) {
      this.socket.send('3');
    } else if (bytes[0] === 0x30) {
      this.socket.send(`40${JSON.stringify({ token })}`);
    } else if (bytes.subarray(0, 2).toString() === '40') {
      this.onReady();
    }
  }

  #say() {
    if (this.fresh.length) this.socket.send(`42${JSON.stringify(['alert_received', { alert_ids: this.fresh.splice(0, 1000) }])}`);
  }
}

const screens = Array.from({ length: Number(count) }, () => new Screen());
await Promise.all(screens.map(({ ready }) => ready));
console.log('ready');
for await (const line of readline.createInterface({ input: process.stdin })) {
  if (line === 'end') process.exit(0);
  const sizes = screens.map(({ ids }) => ids.size);
  console.log(JSON.stringify({ least: Math.min(...sizes), most: Math.max(...sizes) }));
}
process.exit(0);
