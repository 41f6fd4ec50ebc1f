// SPDX-License-Identifier: MIT
// peal-sv30-backend killed while results come, again and again: what was
// acknowledged is there, once.
//   node sv30_kill.mjs PROGRAM
import assert from 'node:assert/strict';
import { Program, result, runSteps, send, sleep, until } from '../apps/sv30-backend/samples.mjs';

const rounds = 6;
const server = new Program({ args: ['--device-rate', '100000', '--device-burst', '100000'] });
const acknowledged = new Set();
const heights = new Map(); // test -> seconds
let count = 0;

// As devices do: the same again until it is acknowledged.
async function sendResults(socket) {
  for (;;) {
    const id = `KILL-${count += 1}`;
    for (const tMin of [0, 30]) {
      const answer = await send(socket, 'sludge-data', result(id, tMin));
      if (answer.status === 'stored') acknowledged.add(`${id} ${tMin}`);
    }
  }
}

async function sendHeights(socket, id) {
  for (let s = 0; ; s += 1) {
    const answer = await send(socket, 'sludge-height-update', { testId: id, t_s: s, height_mm: 300 - s / 100 });
    if (answer.status === 'stored') heights.set(id, s);
  }
}

async function killedAgainAndAgain() {
  for (let i = 0; i < rounds; i += 1) {
    await server.start();
    const sockets = await Promise.all([server.connect(), server.connect(), server.connect()]);
    const before = acknowledged.size;
    const gone = sockets.map((socket) => new Promise((_done, fail) => { socket.once('disconnect', fail); }));
    const work = Promise.allSettled([
      Promise.race([sendResults(sockets[0]), gone[0]]), Promise.race([sendResults(sockets[1]), gone[1]]),
      Promise.race([sendHeights(sockets[2], `HEIGHTS-${i}`), gone[2]])]);
    await until('something was taken', () => acknowledged.size > before + 4 && (heights.get(`HEIGHTS-${i}`) ?? 0) > 4, 20000);
    await sleep(13 + 37 * i);
    await server.stop('SIGKILL');
    await work;
  }
}

async function nothingAcknowledgedIsLost() {
  await server.start();
  const all = new Map();
  let next = '';
  do {
    const { json } = await server.get(`/api/tests?limit=1000${next && `&before=${next}`}`);
    for (const one of json.data) {
      assert.ok(!all.has(one.testId), `${one.testId} is there once`);
      all.set(one.testId, one);
    }
    next = json.next;
  } while (next);
  for (const one of acknowledged) {
    const [id, tMin] = one.split(' ');
    assert.ok(all.get(id)?.[tMin === '0' ? 'start' : 'end'], one);
  }
  for (const [id, last] of heights) {
    const { json } = await server.get(`/api/sludge-height-history?testId=${id}&limit=7201`);
    assert.ok(json.data.length > last, `${id}: ${json.data.length} of ${last + 1}`);
    json.data.slice(0, last + 1).forEach((row, s) => assert.equal(row.t_s, s));
  }
  console.log(`# ${acknowledged.size} results, ${[...heights.values()].reduce((a, b) => a + b)} heights`);
  await server.stop();
}

await runSteps([killedAgainAndAgain, nothingAcknowledgedIsLost]);
