// SPDX-License-Identifier: MIT
'use strict';
// Queues, threads, limits, load and the end: what happens when there is too
// much of something, and when the server is told to stop.
const assert = require('node:assert/strict');
const { test, run, sleep, until } = require('./lib/suite');
const { privateServer, argument } = require('./lib/server');
const { connect, head, request } = require('./lib/raw');
const { SEP, BASE, openEngine, openSio } = require('./lib/eio');
const wsraw = require('./lib/wsraw');

const PEAL = { only: 'peal' };
const BOTH = ['websocket', 'polling'];
const WORKERS = argument('workers') === undefined
  ? [1, 4] : [Number(argument('workers'))];

async function ask(e, text) {
  await e.send(text);
  for (;;) {
    const answer = await e.recv();
    const found = /^3\d+(\[.*)$/s.exec(answer);
    if (found) return JSON.parse(found[1]);
  }
}

async function reasonOf(t, server, id) {
  const e = await openSio(t, server.port, 'websocket');
  const list = await until(async () => {
    const [entries] = await ask(e, `27["log","${id}"]`);
    return entries.length ? entries : undefined;
  }, `a logged reason of ${id}`);
  e.ws.close();
  return list[0].reason;
}

const alive = async (e) => {
  await e.send('2["echo","alive"]');
  assert.equal(await e.recv(), '2["echo","alive"]');
};

// --- send queues -----------------------------------------------------------------

// Lets the server's whole queue come, then an echo behind it; returns the
// numbers and sizes of the `flood` events, each whole.
async function drain(e) {
  const first = await e.recv();
  await e.send('2["echo","end"]');
  const out = [];
  for (let m = first; m !== '2["echo","end"]'; m = await e.recv()) {
    const found = /^51-\["flood",(\d+),\{"_placeholder":true,"num":0\}\]$/
      .exec(m);
    assert.ok(found, String(m).slice(0, 80));
    const data = await e.recv();
    assert.ok(Buffer.isBuffer(data), 'an attachment follows its event');
    out.push({ i: Number(found[1]), size: data.length });
  }
  return out;
}

const rising = (list) =>
  list.every((one, k) => k === 0 || one.i === list[k - 1].i + 1);

/* Over polling nobody reads meanwhile; a WebSocket that reads is written to in
 * mid-turn, one that does not has its events dropped. */
const FLOODS = [
  { transport: 'polling', count: 100, size: 1000, least: 6, most: 25 },
  { transport: 'websocket', count: 4000, size: 5000, least: 6, most: 3000 },
];
for (const { transport, count, size, least, most } of FLOODS) {
  for (const policy of ['newest', 'oldest']) {
    test(`a full queue drops the ${policy} events [${transport}]`, PEAL,
      async (t) => {
        const server = await t.server({ maxQueue: 20000, queuePolicy: policy });
        const e = await openSio(t, server.port, transport);
        if (e.ws) e.ws.conn.sock.pause();
        await e.send(`2["flood",${count},${size}]`);
        if (e.ws) {
          await sleep(300);
          e.ws.conn.sock.resume();
          await sleep(500); /* what is asked behind it finds room */
        }
        const got = await drain(e);
        assert.ok(got.length >= least && got.length < most, String(got.length));
        if (policy === 'newest') assert.ok(got[0].i === 0 && rising(got));
        else assert.equal(got.at(-1).i, count - 1);
        const [figures] = await ask(e, '21["figures"]');
        if (policy === 'newest') {
          assert.ok(figures.queue_full >= count - most,
            JSON.stringify(figures));
        }
        await alive(e);
      });
  }
}

test('a full queue is written in mid-turn to a client that reads', PEAL,
  async (t) => {
    const server = await t.server({ maxQueue: 20000 });
    const e = await openSio(t, server.port, 'websocket');
    await e.send('2["flood",100,1000]');
    const got = await drain(e);
    assert.equal(got.length, 100);
    assert.ok(rising(got));
    await e.send('2["flood",1,100000]'); /* alone it fits, whatever its size */
    assert.deepEqual(await drain(e), [{ i: 0, size: 100000 }]);
    await alive(e);
  });

for (const transport of BOTH) {
  test(`events with one key: only the newest is sent [${transport}]`, PEAL,
    async (t) => {
      const server = await t.server({ maxQueue: 20000 });
      const e = await openSio(t, server.port, transport);
      await e.send('2["flood",100,1000,"picture"]');
      assert.deepEqual(await drain(e), [{ i: 99, size: 1000 }]);
      await alive(e);
    });

  test(`keys do not replace each other [${transport}]`, PEAL, async (t) => {
    const server = await t.server();
    const e = await openSio(t, server.port, transport);
    await e.send('2["flood",10,50,"a"]', '2["flood",20,60,"b"]',
      '2["flood",2,70]');
    const got = await drain(e);
    assert.ok(got.some((one) => one.i === 9 && one.size === 50));
    assert.ok(got.some((one) => one.i === 19 && one.size === 60));
    assert.equal(got.filter((one) => one.size === 70).length, 2);
  });
}

test('a polling client that does not come for its events is cut', PEAL,
  async (t) => {
    const server = await t.server({ maxQueue: 20000 });
    const e = await openSio(t, server.port, 'polling');
    await e.send('2["flood",100,1000]');
    await e.closed();
    assert.equal(await reasonOf(t, server, e.id), 'slow consumer');
  });

test('a slow viewer gets the newest picture, never a backlog', PEAL,
  async (t) => {
    const server = await t.server();
    const e = await openSio(t, server.port, 'websocket');
    const COUNT = 400;
    e.ws.conn.sock.pause();
    for (let k = 0; k < COUNT; k++) {
      await e.send(`2["flood",1,${50000 + k},"picture"]`);
    }
    await sleep(500);
    e.ws.conn.sock.resume();
    const got = [];
    while (!got.length || got.at(-1).size !== 50000 + COUNT - 1) {
      const text = await e.recv();
      assert.match(text, /^51-\["flood",0,/);
      got.push({ size: (await e.recv()).length });
    }
    assert.ok(got.length < COUNT, 'nothing was replaced');
    for (let k = 1; k < got.length; k++) {
      assert.ok(got[k].size > got[k - 1].size, 'in order');
    }
    await alive(e);
  });

// --- threads ---------------------------------------------------------------------

for (const workers of WORKERS) {
  test(`emits from a thread of the pool arrive in order [${workers} workers]`,
    async (t) => {
      const server = await t.server({ workers });
      const sockets = [];
      for (const transport of [...BOTH, ...BOTH, ...BOTH, ...BOTH]) {
        const e = await openSio(t, server.port, transport);
        assert.deepEqual(await ask(e, '20["join","pool"]'), []);
        sockets.push(e);
      }
      const COUNT = 500;
      await sockets[0].send(`29["task_emit","pool",${COUNT}]`);
      for (const e of sockets) {
        let acked = e !== sockets[0];
        let n = 0;
        while (n < COUNT || !acked) {
          const m = await e.recv();
          if (m === '39[0]') acked = true;
          else assert.equal(m, `2["from_task",${n++}]`);
        }
      }
    });

  test(`many threads emit at once, nothing is lost [${workers} workers]`,
    async (t) => {
      const server = await t.server({ workers });
      const one = await openSio(t, server.port, 'websocket');
      await ask(one, '20["join","many"]');
      const others = await Promise.all(Array.from({ length: 8 },
        () => openSio(t, server.port, 'websocket')));
      await Promise.all(others.map((e) =>
        ask(e, '29["task_emit","many",200]')));
      const seen = new Array(200).fill(0);
      for (let k = 0; k < 8 * 200; k++) {
        seen[JSON.parse((await one.recv()).slice(1))[1]]++;
      }
      assert.ok(seen.every((n) => n === 8));
    });
}

// --- the end ---------------------------------------------------------------------

const goneOf = (server) => [...server.stdout
  .matchAll(/^gone (\S+) (\S+) (.*)$/gm)].map((m) => ({
  id: m[1], nsp: m[2], reason: m[3] }));

for (const workers of WORKERS) {
  test(`SIGTERM: every client is told, every socket has its reason [${workers} workers]`,
    { alone: true, ...PEAL }, async (t) => {
      const server = await privateServer({ workers, tell: 1 });
      const list = [];
      for (let k = 0; k < 8; k++) {
        list.push(await openSio(t, server.port, BOTH[k % 2], '/'));
      }
      const waiting = list.filter((e) => e.get).slice(0, 2);
      const polls = waiting.map((e) => e.get());
      const probing = await openSio(t, server.port, 'polling');
      const ws = await wsraw.open(t, server.port,
        `${BASE}&transport=websocket&sid=${probing.sid}`);
      ws.send('2probe');
      assert.equal(await ws.recv(), '3probe');
      await sleep(50);
      const start = Date.now();
      const stopped = server.stop();
      const closed = list.filter((e) => e.ws).map((e) => e.ws.closed());
      for (const poll of polls) {
        const res = await poll;
        assert.equal(res.status, 200);
        assert.match(res.text, /^(1|6\x1e1)$/);
      }
      for (const one of await Promise.all(closed)) {
        assert.ok([1000, 1001, 1005].includes(one.code), String(one.code));
      }
      assert.deepEqual(await stopped, { code: 0, signal: null });
      assert.ok(Date.now() - start < 12000);
      const gone = goneOf(server);
      for (const e of [...list, probing]) {
        const mine = gone.filter((one) => one.id === e.id);
        assert.equal(mine.length, 1, e.id);
        assert.equal(mine[0].reason, 'server shutting down');
      }
    });

  test(`SIGTERM under load: what was acknowledged arrives [${workers} workers]`,
    { alone: true, ...PEAL }, async (t) => {
      const server = await privateServer({ workers, tell: 1 });
      const list = await Promise.all(Array.from({ length: 6 },
        () => openSio(t, server.port, 'websocket')));
      const acks = list.map(async (e) => {
        const { before } = await e.ws.closed();
        const ids = before.filter((m) => /^43\d+\[/.test(m))
          .map((m) => Number(/^43(\d+)/.exec(m)[1]));
        ids.forEach((id, k) => assert.equal(id, k, 'in order'));
        return ids.length;
      });
      let stopped;
      for (let k = 0; k < 3000 && !list[0].ws.conn.ended; k++) {
        for (const e of list) e.ws.send(`42${k}["count_me",${k}]`);
        if (k % 50 === 0) await sleep(1);
        if (k === 1000) stopped = server.stop();
      }
      assert.deepEqual(await stopped, { code: 0, signal: null });
      const sum = (await Promise.all(acks)).reduce((a, b) => a + b, 0);
      const counted = Number(/^counted (\d+)$/m.exec(server.stdout)[1]);
      assert.ok(counted > 0);
      assert.equal(sum, counted);
    });

  test(`SIGTERM with clients that hang: exit 0 within 5 s [${workers} workers]`,
    { alone: true, ...PEAL }, async (t) => {
      const server = await privateServer({ workers, tell: 1 });
      const stuck = await openSio(t, server.port, 'websocket');
      stuck.ws.conn.sock.pause();
      for (let k = 0; k < 8; k++) await stuck.send('2["flood",10,90000]');
      const half = connect(t, server.port);
      half.write('POST /http/echo HTTP/1.1\r\nHost: x\r\nContent-Length: 9\r\n' +
        '\r\nabc');
      const head1 = connect(t, server.port);
      head1.write('GET /hello HT');
      const idle = connect(t, server.port);
      idle.write(head('GET', '/hello'));
      await idle.response();
      await sleep(200);
      const start = Date.now();
      assert.deepEqual(await server.stop(), { code: 0, signal: null });
      assert.ok(Date.now() - start < 12000, `${Date.now() - start} ms`);
      const gone = goneOf(server).filter((one) => one.id === stuck.id);
      assert.deepEqual(gone.map((one) => one.reason), ['server shutting down']);
    });
}

test('a second SIGTERM ends at once', { alone: true, ...PEAL }, async (t) => {
  const server = await privateServer();
  const stuck = await openSio(t, server.port, 'websocket');
  stuck.ws.conn.sock.pause();
  for (let k = 0; k < 8; k++) await stuck.send('2["flood",10,90000]');
  await sleep(200);
  const start = Date.now();
  server.signal('SIGTERM');
  await sleep(100);
  assert.deepEqual(await server.stop(), { code: 0, signal: null });
  assert.ok(Date.now() - start < 3500, `${Date.now() - start} ms`);
});

// --- maxHttpBufferSize -------------------------------------------------------------

const SMALL = { maxPayload: 1000 };

test('maxHttpBufferSize: fragments are counted together', async (t) => {
  const server = await t.server(SMALL);
  const e = await openSio(t, server.port, 'websocket');
  e.ws.sendFrame(wsraw.OP.TEXT, `42["echo","${'a'.repeat(600)}`, { fin: false });
  e.ws.sendFrame(wsraw.OP.CONT, `${'b'.repeat(600)}"]`);
  assert.equal((await e.ws.closed()).code, 1009);
  assert.equal(await reasonOf(t, server, e.id), 'transport error');
});

test('maxHttpBufferSize: an announced length is enough', PEAL, async (t) => {
  const server = await t.server(SMALL);
  const e = await openSio(t, server.port, 'websocket');
  e.ws.sendFrame(wsraw.OP.TEXT, '42', { announce: 2 ** 40 });
  assert.equal((await e.ws.closed()).code, 1009);
});

test('maxHttpBufferSize: packets of one payload are counted together',
  async (t) => {
    const server = await t.server(SMALL);
    const e = await openSio(t, server.port, 'polling');
    const item = `42["echo","${'a'.repeat(300)}"]`;
    const body = [item, item, item, item].join(SEP);
    assert.equal((await e.post(body)).status, 413);
    await alive(e);
  });

test('maxHttpBufferSize: each attachment is a message of its own', async (t) => {
  const server = await t.server(SMALL);
  const e = await openSio(t, server.port, 'websocket');
  const parts = Array.from({ length: 4 }, (_, k) => Buffer.alloc(900, k));
  const holders = parts.map((_, num) => ({ _placeholder: true, num }));
  const text = `54-${JSON.stringify(['echo', ...holders])}`;
  await e.send(text, ...parts);
  assert.equal(await e.recv(), text);
  for (const part of parts) assert.ok((await e.recv()).equals(part));
});

test('maxHttpBufferSize does not limit what the server sends', async (t) => {
  const server = await t.server(SMALL);
  for (const transport of BOTH) {
    const e = await openSio(t, server.port, transport);
    await e.send('2["flood",1,90000]');
    assert.match(await e.recv(), /^51-\["flood"/);
    assert.equal((await e.recv()).length, 90000);
  }
});

test('maxHttpBufferSize holds after the upgrade', async (t) => {
  const server = await t.server(SMALL);
  const e = await openSio(t, server.port, 'polling');
  const ws = await wsraw.open(t, server.port,
    `${BASE}&transport=websocket&sid=${e.sid}`);
  ws.send('2probe');
  assert.equal(await ws.recv(), '3probe');
  ws.send('5');
  ws.send('42["echo",1]');
  assert.equal(await ws.recv(), '42["echo",1]');
  ws.send(`4${'x'.repeat(1001)}`);
  assert.equal((await ws.closed()).code, 1009);
});

// --- too many ----------------------------------------------------------------------

test('5000 unknown namespaces are refused one by one', async (t) => {
  const server = await t.server();
  const other = await openSio(t, server.port, 'websocket');
  const e = await openSio(t, server.port, 'websocket');
  const COUNT = 5000;
  for (let k = 0; k < COUNT; k++) await e.send(`0/n${k},`);
  for (let k = 0; k < COUNT; k++) {
    assert.equal(await e.recv(), `4/n${k},{"message":"Invalid namespace"}`);
  }
  await alive(e);
  await alive(other);
});

// The reference needs a moment between DISCONNECT and the next CONNECT.
test('namespaces are joined and left 200 times', PEAL, async (t) => {
  const server = await t.server();
  const e = await openSio(t, server.port, 'websocket');
  for (let k = 0; k < 200; k++) {
    await e.send('0/admin,');
    assert.match(await e.recv(), /^0\/admin,\{"sid":"/);
    await e.send('1/admin,');
  }
  await alive(e);
  const [figures] = await ask(e, '21["figures"]');
  assert.ok(figures.sockets < 200, JSON.stringify(figures));
});

test('a namespace with an endless name harms nobody', async (t) => {
  const server = await t.server();
  const e = await openSio(t, server.port, 'websocket');
  await e.send(`0/${'n'.repeat(100000)},`);
  const answer = await e.recv().catch((err) => err.message);
  assert.match(answer, /^4\/n+,\{"message":"Invalid|instead of a|closed/);
  await alive(await openSio(t, server.port, 'websocket'));
});

test('20000 events in one go come back in order, others are served',
  { limit: 40000, alone: true }, async (t) => {
    const server = await t.server();
    const other = await openSio(t, server.port, 'websocket');
    const e = await openSio(t, server.port, 'websocket');
    const COUNT = 20000;
    const frames = [];
    for (let k = 0; k < COUNT; k++) {
      frames.push(wsraw.frame(wsraw.OP.TEXT, `42["echo",${k}]`));
    }
    e.ws.conn.write(Buffer.concat(frames));
    const start = Date.now();
    await alive(other);
    assert.ok(Date.now() - start < 15000, `${Date.now() - start} ms`);
    for (let k = 0; k < COUNT; k++) {
      assert.equal(await e.recv(20000), `2["echo",${k}]`);
    }
  });

test('20000 events in one payload come back in order', { alone: true },
  async (t) => {
  const server = await t.server();
  const e = await openSio(t, server.port, 'polling');
  const COUNT = 20000;
  await e.send(...Array.from({ length: COUNT }, (_, k) => `2["echo",${k}]`));
  for (let k = 0; k < COUNT; k++) {
    assert.equal(await e.recv(), `2["echo",${k}]`);
  }
});

test('a client that sends and never reads runs into its own ceiling',
  { alone: true, limit: 40000, ...PEAL }, async (t) => {
    const server = await t.server();
    const e = await openSio(t, server.port, 'websocket');
    e.ws.conn.sock.pause();
    const event = wsraw.frame(wsraw.OP.TEXT,
      `42["echo","${'x'.repeat(9000)}"]`);
    for (let k = 0; k < 6000; k++) {
      e.ws.conn.write(event);
      if (k % 100 === 0) await sleep(1);
    }
    await alive(await openSio(t, server.port, 'websocket'));
    assert.equal(await reasonOf(t, server, e.id), 'slow consumer');
  });

for (const flag of ['maxConnections', 'maxPerAddress']) {
  test(`connections beyond ${flag} are refused with 503`, PEAL, async (t) => {
    const server = await privateServer({ [flag]: 5 });
    t.after(() => server.stop());
    const held = [];
    for (let k = 0; k < 5; k++) {
      held.push(await openSio(t, server.port, 'websocket'));
    }
    const more = connect(t, server.port);
    more.write(head('GET', '/hello'));
    assert.equal((await more.response()).status, 503);
    await more.end();
    await alive(held[0]);
    held.pop().ws.close();
    await until(async () => {
      const res = await request(t, server.port, '/hello').catch(() => null);
      return res && res.status === 200;
    }, 'a free place');
  });
}

// --- polling across workers ----------------------------------------------------------

for (const workers of WORKERS) {
  test(`30 polling clients, each request on a connection of its own [${workers} workers]`,
    { limit: 60000 }, async (t) => {
      const server = await t.server({ workers });
      const client = async (c) => {
        const e = await openSio(t, server.port, 'polling');
        const seen = [];
        for (let k = 0; k < 12; k++) {
          const poll = request(null, server.port, e.path);
          const post = await request(null, server.port, e.path,
            { method: 'POST', body: `42["echo",${c},${k}]` });
          assert.equal(post.text, 'ok');
          seen.push(...(await poll).text.split(SEP));
          while (!seen.includes(`42["echo",${c},${k}]`)) {
            seen.push(...(await request(null, server.port, e.path))
              .text.split(SEP));
          }
        }
        const echoes = seen.filter((p) => /echo/.test(p));
        assert.deepEqual(echoes, Array.from({ length: 12 },
          (_, k) => `42["echo",${c},${k}]`));
      };
      await Promise.all(Array.from({ length: 30 }, (_, c) => client(c)));
    });

  test(`polls and posts of one connection, pipelined in volume [${workers} workers]`,
    PEAL, async (t) => {
      const server = await t.server({ workers });
      await Promise.all(Array.from({ length: 8 }, async (_, c) => {
        const e = await openSio(t, server.port, 'polling');
        const conn = connect(t, server.port);
        const COUNT = 60;
        let all = '';
        for (let k = 0; k < COUNT; k++) {
          const body = `42["echo",${c},${k}]`;
          all += head('POST', e.path, { 'Content-Length': body.length }) + body;
          all += head('GET', e.path);
        }
        conn.write(all);
        for (let k = 0; k < COUNT; k++) {
          assert.equal((await conn.response()).text, 'ok');
          assert.equal((await conn.response()).text, `42["echo",${c},${k}]`);
        }
      }));
    });

  test(`sessions of several workers share one connection [${workers} workers]`,
    async (t) => {
      const server = await t.server({ workers });
      const list = await Promise.all(Array.from({ length: 8 },
        () => openSio(t, server.port, 'polling')));
      const conn = connect(t, server.port);
      for (let k = 0; k < 10; k++) {
        for (const e of list) {
          const body = `42["echo","${e.sid}",${k}]`;
          conn.write(head('POST', e.path, { 'Content-Length': body.length }) +
            body);
          assert.equal((await conn.response()).text, 'ok');
          conn.write(head('GET', e.path));
          assert.equal((await conn.response()).text, body);
        }
      }
    });

  test(`upgrades arrive at any worker [${workers} workers]`, async (t) => {
    const server = await t.server({ workers });
    await Promise.all(Array.from({ length: 24 }, async (_, c) => {
      const e = await openSio(t, server.port, 'polling');
      const ws = await wsraw.open(t, server.port,
        `${BASE}&transport=websocket&sid=${e.sid}`);
      ws.send('2probe');
      assert.equal(await ws.recv(), '3probe');
      ws.send('5');
      ws.send(`42["echo",${c}]`);
      assert.equal(await ws.recv(), `42["echo",${c}]`);
    }));
  });
}

test('sessions come and go by the hundred, nothing stays', async (t) => {
  const server = await t.server({ workers: WORKERS.at(-1), pingInterval: 20000 });
  const watch = await openSio(t, server.port, 'websocket');
  const [before] = await ask(watch, '21["figures"]');
  const life = async (k) => {
    const e = await openEngine(t, server.port, BOTH[k % 2]);
    await e.send('0');
    await e.recv();
    if (e.ws) e.ws.close();
    else await e.post('1');
  };
  for (let round = 0; round < 10; round++) {
    await Promise.all(Array.from({ length: 20 }, (_, k) => life(k)));
  }
  await until(async () => {
    const [now] = await ask(watch, '21["figures"]');
    return now.clients <= before.clients && now.sockets <= before.sockets;
  }, 'all sessions to be gone');
});

run({ parallel: 3 });
