// SPDX-License-Identifier: MIT
'use strict';
// The rules of RFC 6455 for frames, messages and closing, as cases for whoever
// echoes: Socket.IO's "echo" event, or an echo alone. `peer` is
//   open(t, limit)  a raw WebSocket (lib/wsraw) that echoes; `limit`: the server
//                   takes messages of so many bytes, or undefined
//   wrap(text)      the message that carries a text and is echoed as it is
//   limit           a limit that `open` can be asked for
const assert = require('node:assert/strict');
const { OP, frame, closePayload } = require('./wsraw');
const { test, sleep } = require('./suite');

function frameCases(peer) {
  const { open, wrap } = peer;
  const shell = Buffer.byteLength(wrap(''));
  const filled = (size, c = 'x') => wrap(c.repeat(size - shell));

  async function echoes(ws, text = 'alive') {
    ws.send(wrap(text));
    assert.equal(await ws.recv(), wrap(text));
  }

  // Cut into pieces, each a fragment.
  function fragments(ws, pieces, op = OP.TEXT) {
    pieces.forEach((piece, i) => ws.sendFrame(i ? OP.CONT : op, piece,
      { fin: i === pieces.length - 1 }));
  }

  const cut = (message, size) => {
    const out = [];
    for (let i = 0; i < message.length; i += size) {
      out.push(message.slice(i, i + size));
    }
    return out;
  };

  // --- messages ---------------------------------------------------------------

  test('server frames are unmasked, final and without reserved bits',
    async (t) => {
      const ws = await open(t);
      ws.send(wrap('x'));
      const f = await ws.recvFrame();
      assert.deepEqual([f.fin, f.rsv, f.op, f.masked],
        [true, 0, OP.TEXT, false]);
    });

  test('payload lengths around the length forms', async (t) => {
    const ws = await open(t);
    for (const size of [124, 125, 126, 127, 128, 65534, 65535, 65536, 65537]) {
      await echoes(ws, 'x'.repeat(size - shell));
    }
  });

  test('a frame sent byte by byte', async (t) => {
    const ws = await open(t);
    await ws.conn.writeSlowly(frame(OP.TEXT, wrap('slow')), 1);
    assert.equal(await ws.recv(), wrap('slow'));
  });

  test('a long frame sent in pieces of an odd size', async (t) => {
    const ws = await open(t);
    const whole = frame(OP.TEXT, filled(70000));
    for (let i = 0; i < whole.length; i += 997) {
      ws.conn.write(whole.subarray(i, i + 997));
      if (i % 8 === 0) await sleep(0);
    }
    assert.equal(await ws.recv(), filled(70000));
  });

  test('many frames in one segment keep their order', async (t) => {
    const ws = await open(t);
    const list = Array.from({ length: 200 }, (_, i) => wrap(String(i)));
    ws.conn.write(Buffer.concat(list.map((m) => frame(OP.TEXT, m))));
    for (const message of list) assert.equal(await ws.recv(), message);
  });

  // --- fragments --------------------------------------------------------------

  test('a fragmented message is put together', async (t) => {
    const ws = await open(t);
    const [a, b, c] = [wrap('frag').slice(0, 2), wrap('frag').slice(2, 3),
      wrap('frag').slice(3)];
    fragments(ws, [a, b, '', c]);
    assert.equal(await ws.recv(), wrap('frag'));
  });

  test('a UTF-8 sequence may be cut by a fragment border', async (t) => {
    const ws = await open(t);
    const bytes = Buffer.from(wrap('\u{1F600}\u00e9'));
    fragments(ws, cut(bytes, 1));
    assert.equal(await ws.recv(), bytes.toString());
  });

  test('control frames may stand between fragments', async (t) => {
    const ws = await open(t);
    const [a, b, c] = [wrap('x').slice(0, 1), wrap('x').slice(1, 2),
      wrap('x').slice(2)];
    ws.sendFrame(OP.TEXT, a, { fin: false });
    ws.sendFrame(OP.PING, 'between');
    ws.sendFrame(OP.CONT, b, { fin: false });
    ws.sendFrame(OP.PONG, 'nobody asked');
    ws.sendFrame(OP.CONT, c);
    const pong = await ws.recvFrame();
    assert.equal(pong.op, OP.PONG);
    assert.equal(pong.payload.toString(), 'between');
    assert.equal(await ws.recv(), wrap('x'));
  });

  for (const size of [64, 1000, 20000]) {
    test(`60 KB in fragments of ${size} bytes`, async (t) => {
      const ws = await open(t);
      fragments(ws, cut(Buffer.from(filled(60000)), size));
      assert.equal(await ws.recv(), filled(60000));
    });
  }

  // --- pings ------------------------------------------------------------------

  test('a ping is answered with its payload, up to 125 bytes', async (t) => {
    const ws = await open(t);
    for (const payload of ['', 'x', Buffer.alloc(125, 7)]) {
      ws.sendFrame(OP.PING, payload);
      const f = await ws.recvFrame();
      assert.equal(f.op, OP.PONG);
      assert.ok(f.payload.equals(Buffer.from(payload)));
    }
    await echoes(ws);
  });

  test('ten pings in one segment are answered in order', async (t) => {
    const ws = await open(t);
    ws.conn.write(Buffer.concat(Array.from({ length: 10 },
      (_, i) => frame(OP.PING, `ping ${i}`))));
    for (let i = 0; i < 10; i++) {
      const f = await ws.recvFrame();
      assert.deepEqual([f.op, f.payload.toString()], [OP.PONG, `ping ${i}`]);
    }
  });

  test('a ping sent byte by byte is answered', async (t) => {
    const ws = await open(t);
    await ws.conn.writeSlowly(frame(OP.PING, 'slowly'), 1);
    assert.equal((await ws.recvFrame()).payload.toString(), 'slowly');
  });

  test('an unasked pong is ignored', async (t) => {
    const ws = await open(t);
    ws.sendFrame(OP.PONG, 'hello');
    ws.sendFrame(OP.PONG, '');
    await echoes(ws);
  });

  // --- violations -------------------------------------------------------------

  function violation(name, code, send, opts = {}) {
    test(`${name} closes with ${code}`, opts, async (t) => {
      const ws = await open(t, opts.small && peer.limit);
      await send(ws);
      const closed = await ws.closed();
      assert.equal(closed.code, code);
      assert.deepEqual(closed.before, []);
    });
  }

  violation('an unmasked frame', 1002,
    (ws) => ws.sendFrame(OP.TEXT, wrap('1'), { mask: false }));
  for (const rsv of [1, 2, 3, 4, 5, 6, 7]) {
    violation(`reserved bits ${rsv}`, 1002,
      (ws) => ws.sendFrame(OP.TEXT, wrap('1'), { rsv }));
  }
  violation('reserved bits of a ping', 1002,
    (ws) => ws.sendFrame(OP.PING, 'x', { rsv: 5 }));
  violation('reserved bits of a close', 1002,
    (ws) => ws.sendFrame(OP.CLOSE, closePayload(1000), { rsv: 6 }));
  for (const op of [3, 4, 5, 6, 7, 11, 12, 13, 14, 15]) {
    violation(`opcode ${op}`, 1002, (ws) => ws.sendFrame(op, ''));
    violation(`opcode ${op} with a payload`, 1002,
      (ws) => ws.sendFrame(op, 'payload'));
  }
  violation('a continuation without a start', 1002,
    (ws) => ws.sendFrame(OP.CONT, 'x'));
  violation('an unfinished continuation without a start', 1002,
    (ws) => ws.sendFrame(OP.CONT, 'x', { fin: false }));
  violation('a new message inside a fragmented one', 1002, (ws) => {
    ws.sendFrame(OP.TEXT, wrap('x').slice(0, 2), { fin: false });
    ws.sendFrame(OP.TEXT, wrap('1'));
  });
  violation('a new binary inside a fragmented text', 1002, (ws) => {
    ws.sendFrame(OP.TEXT, wrap('x').slice(0, 2), { fin: false });
    ws.sendFrame(OP.BINARY, wrap('1'), { fin: false });
  });
  violation('a fragmented ping', 1002,
    (ws) => ws.sendFrame(OP.PING, 'x', { fin: false }));
  violation('a fragmented pong', 1002,
    (ws) => ws.sendFrame(OP.PONG, 'x', { fin: false }));
  violation('a ping of 126 bytes', 1002,
    (ws) => ws.sendFrame(OP.PING, Buffer.alloc(126)));
  violation('a close of 126 bytes', 1002,
    (ws) => ws.sendFrame(OP.CLOSE, closePayload(1000, 'x'.repeat(124))));
  violation('a fragmented close', 1002,
    (ws) => ws.sendFrame(OP.CLOSE, closePayload(1000), { fin: false }));
  violation('a close payload of one byte', 1002,
    (ws) => ws.sendFrame(OP.CLOSE, 'x'));
  for (const code of [0, 999, 1004, 1005, 1006, 1015, 1016, 1100, 2000, 2999,
    5000, 65535]) {
    violation(`close code ${code}`, 1002,
      (ws) => ws.sendFrame(OP.CLOSE, closePayload(code)));
  }
  violation('a close reason that is not UTF-8', 1007, (ws) =>
    ws.sendFrame(OP.CLOSE, Buffer.concat([closePayload(1000),
      Buffer.from([0xff])])));

  // --- UTF-8 ------------------------------------------------------------------

  const BAD_UTF8 = {
    'a lone continuation': [0x80],
    'the last lone continuation': [0xbf],
    'an overlong slash': [0xc0, 0xaf],
    'an overlong three-byte form': [0xe0, 0x80, 0x80],
    'an overlong four-byte form': [0xf0, 0x80, 0x80, 0xaf],
    'the largest overlong two-byte form': [0xc1, 0xbf],
    'the largest overlong three-byte form': [0xe0, 0x9f, 0xbf],
    'the largest overlong four-byte form': [0xf0, 0x8f, 0xbf, 0xbf],
    'a surrogate': [0xed, 0xa0, 0x80],
    'the last surrogate': [0xed, 0xbf, 0xbf],
    'a pair of surrogates': [0xed, 0xa0, 0x80, 0xed, 0xb0, 0x80],
    'a code point above 10FFFF': [0xf4, 0x90, 0x80, 0x80],
    'a five-byte form': [0xf8, 0x88, 0x80, 0x80, 0x80],
    'a six-byte form': [0xfc, 0x84, 0x80, 0x80, 0x80, 0x80],
    'byte fe': [0xfe],
    'byte ff': [0xff],
    'a cut sequence': [0xe2, 0x98],
    'a cut sequence before a letter': [0xce, 0x61],
  };
  // In the middle of the text that wrap carries.
  const around = (bytes) => {
    const [head, tail] = wrap('|').split('|');
    return Buffer.concat([Buffer.from(head), Buffer.from(bytes),
      Buffer.from(tail)]);
  };
  for (const [name, bytes] of Object.entries(BAD_UTF8)) {
    violation(`text with ${name}`, 1007,
      (ws) => ws.sendFrame(OP.TEXT, around(bytes)));
    violation(`text in fragments of a byte with ${name}`, 1007,
      (ws) => fragments(ws, cut(around(bytes), 1)));
  }
  violation('a text that ends inside a sequence', 1007, (ws) => {
    ws.sendFrame(OP.TEXT, Buffer.from([0x34, 0xe2]), { fin: false });
    ws.sendFrame(OP.CONT, Buffer.from([0x98]));
  });

  test('bad UTF-8 fails before the message is complete', { only: 'peal' },
    async (t) => {
      const ws = await open(t);
      ws.sendFrame(OP.TEXT, Buffer.from([0x34, 0x32, 0xff]), { fin: false });
      assert.equal((await ws.closed()).code, 1007);
    });

  test('bad UTF-8 fails before its frame is complete', { only: 'peal' },
    async (t) => {
      const ws = await open(t);
      const whole = frame(OP.TEXT, Buffer.concat(
        [Buffer.from([0x34, 0x32, 0xed, 0xa0]), Buffer.alloc(500, 0x20)]));
      ws.conn.write(whole.subarray(0, 40));
      assert.equal((await ws.closed()).code, 1007);
    });

  test('valid UTF-8 of every length class passes', async (t) => {
    const ws = await open(t);
    for (const text of ['\u007f', '\u0080', '\u07ff', '\u0800', '\ud7ff',
      '\ue000', '\ufffd', '\uffff', '\u{10000}', '\u{1ffff}', '\u{10ffff}',
      '\ufeff', '\u03ba\u1f79\u03c3\u03bc\u03b5', 'Hello-\u00b5@\u00df\u00f6']) {
      await echoes(ws, text);
    }
  });

  // --- ceilings ---------------------------------------------------------------

  violation('a frame announced over the limit', 1009, (ws) => {
    ws.conn.write(frame(OP.TEXT, '', { announce: peer.limit + 1 }));
  }, { small: true });
  violation('a length of 2^62', 1009, (ws) => ws.conn.write(
    frame(OP.BINARY, '', { announce: 4611686018427387904n, lengthForm: 64 })),
  { small: true });
  violation('fragments over the limit together', 1009, (ws) => {
    ws.sendFrame(OP.TEXT, 'x'.repeat(peer.limit - 500), { fin: false });
    ws.sendFrame(OP.CONT, 'x'.repeat(501), { fin: false });
  }, { small: true });

  test('a length with the top bit set is refused', async (t) => {
    const ws = await open(t);
    ws.conn.write(frame(OP.BINARY, '',
      { announce: 0x8000000000000010n, lengthForm: 64 }));
    assert.ok([1002, 1009].includes((await ws.closed()).code));
  });

  test('a message of exactly the limit is taken', async (t) => {
    const ws = await open(t, peer.limit);
    ws.send(filled(peer.limit));
    assert.equal(await ws.recv(), filled(peer.limit));
    const text = filled(peer.limit, 'y');
    fragments(ws, [text.slice(0, 1000), text.slice(1000)]);
    assert.equal(await ws.recv(), text);
  });

  test('a flood of empty fragments is survived', async (t) => {
    const ws = await open(t);
    const message = wrap('x');
    ws.sendFrame(OP.TEXT, message.slice(0, -1), { fin: false });
    const empty = frame(OP.CONT, '', { fin: false });
    ws.conn.write(Buffer.concat(Array(20000).fill(empty)));
    ws.sendFrame(OP.CONT, message.slice(-1));
    // taken or refused with a code; the others are served either way
    const answer = await ws.recv().catch((err) => err.message);
    assert.ok(answer === message ||
      /opcode 8 (1008|1009)|closed/.test(answer), answer);
    await echoes(await open(t));
  });

  // --- closing ----------------------------------------------------------------

  for (const code of [1000, 1001, 1002, 1003, 1007, 1008, 1009, 1010, 1011,
    1012, 1013, 1014, 3000, 3999, 4000, 4999]) {
    test(`close ${code} is echoed, then the stream ends`, async (t) => {
      const ws = await open(t);
      ws.sendFrame(OP.CLOSE, closePayload(code, 'bye'));
      const f = await ws.recvFrame();
      assert.equal(f.op, OP.CLOSE);
      assert.equal(f.payload.readUInt16BE(0), code);
      await ws.conn.end();
    });
  }

  test('a close with a reason of 123 bytes is answered', async (t) => {
    const ws = await open(t);
    ws.sendFrame(OP.CLOSE, closePayload(1000, 'r'.repeat(123)));
    assert.equal((await ws.recvFrame()).op, OP.CLOSE);
    await ws.conn.end();
  });

  test('an empty close is answered', async (t) => {
    const ws = await open(t);
    ws.sendFrame(OP.CLOSE, '');
    const f = await ws.recvFrame();
    assert.equal(f.op, OP.CLOSE);
    await ws.conn.end();
  });

  test('nothing after a close is handled', async (t) => {
    const ws = await open(t);
    ws.conn.write(Buffer.concat([frame(OP.CLOSE, closePayload(1000)),
      frame(OP.TEXT, wrap('late')), frame(OP.PING, 'late'),
      frame(OP.CLOSE, closePayload(1000))]));
    assert.deepEqual((await ws.closed()).before, []);
  });

  test('a close inside a fragmented message is answered', async (t) => {
    const ws = await open(t);
    ws.sendFrame(OP.TEXT, wrap('x').slice(0, 2), { fin: false });
    ws.sendFrame(OP.CLOSE, closePayload(1000));
    assert.equal((await ws.recvFrame()).op, OP.CLOSE);
    await ws.conn.end();
  });
}

module.exports = { frameCases };
