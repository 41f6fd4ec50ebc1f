// SPDX-License-Identifier: MIT
'use strict';
// Sends one case of the corpus and collects every answer until the close.
const { Conn } = require('./raw');
const { CANARY } = require('./http_corpus');

// Stops sending once the server has said that it closes: bytes that arrive
// after its close may make it reset, and a reset eats the answer.
async function send(conn, bytes, piece) {
  for (let i = 0; i < bytes.length; i += piece) {
    if (conn.ended || /\r\nconnection: close\r\n/i
      .test(conn.buf.toString('latin1'))) return;
    conn.write(bytes.subarray(i, i + piece));
    if (piece < 65536) await new Promise((resolve) => setImmediate(resolve));
  }
}

// {statuses, bodies, closed}; closed is false if the server kept it open.
async function exchange(port, raw, { piece = 65536, canary = CANARY, ms = 4000 } = {}) {
  const conn = new Conn(port);
  const out = {
    statuses: [], bodies: [], heads: [], closed: true, reset: false,
  };
  try {
    await send(conn, Buffer.concat([raw, Buffer.from(canary)]), piece);
    await conn.end(ms).catch((err) => {
      if (!/waited/.test(err.message)) throw err;
      out.closed = false;
    });
    while (conn.buf.length) {
      const res = await conn.response({ ms: 200 });
      if (res.status === 100) continue;
      out.statuses.push(res.status);
      out.bodies.push(res.text);
      out.heads.push(res.head);
    }
  } catch (err) {
    out.error = err.message;
  } finally {
    out.reset = conn.error !== null;
    conn.close();
  }
  return out;
}

const matches = (expect, got) => expect.length === got.length &&
  expect.every((one, i) => [].concat(one).includes(got[i]));

// Is this the right answer to the case, for a server of this kind?
function right(one, got, kind) {
  if (kind === 'node') {
    // Node resets when bytes follow a refusal, and its answer may be lost.
    if (got.reset && !got.statuses.length) return true;
    if (one.node && matches(one.node, got.statuses)) return true;
  }
  return [one.expect, ...(one.also || [])]
    .some((expect) => matches(expect, got.statuses));
}

module.exports = { exchange, right };
