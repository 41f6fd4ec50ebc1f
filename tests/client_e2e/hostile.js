// SPDX-License-Identifier: MIT
'use strict';
// Servers that mean harm. Each has the client's process for itself for some
// seconds: its memory and its CPU stay bounded, it says in words what was wrong,
// and it goes on, with its backoff.
//   node hostile.js --client peal --driver PATH [--only TEXT]
const assert = require('node:assert/strict');
const crypto = require('node:crypto');
const net = require('node:net');
const zlib = require('node:zlib');
const { test, run, until, sleep } = require('../e2e/lib/suite');
const { freePort, privateServer } = require('../e2e/lib/server');
const { TRANSPORTS, client, costs, freshDriver } = require('./lib/clients');

const MIB = 1 << 20;
// Then the figures are the sanitizer's.
const isSanitized = Boolean(process.env.PEAL_SANITIZE);
const PAYLOAD = 1 * MIB; // the client's ceiling of what comes
const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

// -- a server by hand --------------------------------------------------------------

const head = (status, fields, body = '') =>
  `HTTP/1.1 ${status} X\r\n${fields.map((one) => `${one}\r\n`).join('')}` +
  `\r\n${body}`;
const answer = (body, fields = []) =>
  head(200, [`Content-Length: ${Buffer.byteLength(body)}`,
    'Content-Type: text/plain; charset=UTF-8', ...fields], body);
const hello = (more = {}) => `0${JSON.stringify({ sid: 'a'.repeat(20),
  upgrades: [], pingInterval: 25000, pingTimeout: 20000, maxPayload: 1000000,
  ...more })}`;
const CONNECTED = '40{"sid":"b"}';

function accepting(request, fields = []) {
  const key = /sec-websocket-key: *(\S+)/i.exec(request)?.[1] || '';
  const accept = crypto.createHash('sha1').update(key + GUID).digest('base64');
  return head(101, ['Upgrade: websocket', 'Connection: Upgrade',
    `Sec-WebSocket-Accept: ${accept}`, ...fields]);
}

// A frame as servers send it; `first` is its first byte.
function frame(data, first = 0x81) {
  const body = Buffer.from(data);
  const size = body.length;
  const lead = size < 126 ? Buffer.from([first, size])
    : size < 65536 ? Buffer.from([first, 126, size >> 8, size & 255])
      : Buffer.concat([Buffer.from([first, 127]), Buffer.alloc(8)]);
  if (size >= 65536) lead.writeBigUInt64BE(BigInt(size), 2);
  return Buffer.concat([lead, body]);
}

// Writes pieces for as long as somebody takes them.
function forever(socket, make) {
  const go = () => {
    if (socket.destroyed || socket.writableEnded) return;
    if (socket.write(make())) setImmediate(go);
    else socket.once('drain', go);
  };
  go();
}

class Bad {
  // `fn(socket, request, n)` at each request's head; n counts connections.
  constructor(t, fn) {
    this.attempts = 0;
    this.sockets = new Set();
    this.server = net.createServer((socket) => {
      let text = '';
      const n = this.attempts++;
      this.sockets.add(socket);
      socket.on('error', () => {});
      socket.on('close', () => this.sockets.delete(socket));
      socket.on('data', (data) => {
        if (text === undefined) return;
        text += data.toString('latin1');
        if (!text.includes('\r\n\r\n')) return;
        const request = text;
        text = /upgrade: websocket/i.test(request) ? undefined : '';
        fn(socket, request, n);
      });
    });
    t.after(() => {
      for (const socket of this.sockets) socket.destroy();
      this.server.close();
    });
  }

  async open() {
    this.port = await freePort();
    await new Promise((resolve) => {
      this.server.listen(this.port, '127.0.0.1', resolve);
    });
    return this;
  }
}

// A WebSocket that is open and joined; `fn(socket)` goes on from there.
const joined = (fn) => (socket, request, n) => {
  socket.write(accepting(request));
  socket.write(frame(hello()));
  socket.write(frame(CONNECTED));
  fn(socket, n, request);
};

// -- how it is watched ---------------------------------------------------------------

const OPTS = { timeout: 1000, requestTimeout: 1000, maxPayload: PAYLOAD,
  reconnectionDelay: 200, reconnectionDelayMax: 400 };

// ways: over which transports; words: what of a report's `err` or text is said;
// memory: MiB that it may grow; seconds: how long it is watched; cpu: seconds
// of CPU that may take; isBusy: the server asks for many connections.
function hostile(name, { ways = ['websocket'], words, memory = 8, seconds = 2,
  cpu = 1, more = {}, act, isBusy }, fn) {
  for (const way of ways) {
    test(`${name} [${way}]`, async (t) => {
      const bad = await new Bad(t, fn).open();
      const driver = await freshDriver(client());
      t.after(() => driver.proc.kill('SIGKILL'));
      const broken = driver.failed.then((err) => { throw err; });
      broken.catch(() => {});
      const before = costs(driver);
      const told = [];
      const socket = driver.open({ url: `http://127.0.0.1:${bad.port}`,
        transports: TRANSPORTS[way], reconnect: true, watch: true,
        answers: { question: ['z'.repeat(2000)] },
        opts: { ...OPTS, ...more } });
      socket.onReport = (report) => told.push(report);
      if (act) await act(socket, bad);
      const end = Date.now() + seconds * 1000;
      while (Date.now() < end) {
        const now = costs(driver);
        assert.ok(isSanitized || now.peak - before.rss < memory * MIB,
          `${now.peak - before.rss} bytes more`);
        await Promise.race([sleep(100), broken]);
      }
      const { cpu: used } = costs(driver);
      assert.ok(isSanitized || used - before.cpu < cpu, `${used - before.cpu} s of CPU`);
      const said = JSON.stringify(told);
      if (words) {
        await until(() => words.test(JSON.stringify(told)),
          `${words} in ${JSON.stringify(told).slice(0, 2000)}`, 10000);
        // It goes on, and not as fast as it can.
        await until(() => bad.attempts > 1, 'another attempt', 10000);
      }
      assert.ok(isBusy || bad.attempts < 40 * seconds,
        `${bad.attempts} connections: ${said.slice(0, 500)}`);
      // A good server at the same place is taken as ever.
      await new Promise((resolve) => {
        for (const one of bad.sockets) one.destroy();
        bad.server.close(resolve);
      });
      const good = await privateServer({ port: bad.port }, 'node');
      t.after(() => good.stop());
      if (!(await socket.state()).active) socket.connect();
      const well = await socket.ask('echo', 'well').catch((err) => {
        err.message += ` behind ${JSON.stringify(told).slice(-1000)}`;
        throw err;
      });
      assert.deepEqual(well, ['well']);
      await driver.end();
    });
  }
}

const POLL = { ways: ['polling'] };
const BOTH = ['polling', 'websocket'];

// -- HTTP ---------------------------------------------------------------------------------

hostile('a body without end', { ...POLL, words: /refused|error/, cpu: 2 },
  (socket) => {
    socket.write(head(200, ['Transfer-Encoding: chunked']));
    forever(socket, () => `10000\r\n${'x'.repeat(65536)}\r\n`);
  });

hostile('a body that says to be enormous', { ...POLL, words: /refused|error/ },
  (socket) => {
    socket.write(head(200, ['Content-Length: 99999999999']));
    forever(socket, () => Buffer.alloc(65536, 'x'));
  });

hostile('a head without end', { ways: BOTH, words: /refused|error/ },
  (socket) => {
    socket.write('HTTP/1.1 200 OK\r\n');
    forever(socket, () => `X-${'y'.repeat(60)}: ${'z'.repeat(1000)}\r\n`);
  });

hostile('a header of one line without end',
  { ways: BOTH, words: /refused|error/ }, (socket) => {
    socket.write('HTTP/1.1 200 OK\r\nX: ');
    forever(socket, () => Buffer.alloc(65536, 'x'));
  });

hostile('chunk extensions without end', { ...POLL, words: /refused|error/ },
  (socket) => {
    socket.write(head(200, ['Transfer-Encoding: chunked']));
    forever(socket, () => `1;${'e'.repeat(16000)}\r\nx\r\n`);
  });

hostile('a bomb of gzip', { ...POLL, words: /refused|error/ }, (socket) => {
  const bomb = zlib.gzipSync(Buffer.alloc(64 * MIB));
  socket.write(head(200, [`Content-Length: ${bomb.length}`,
    'Content-Encoding: gzip']));
  socket.write(bomb);
});

hostile('redirects in a circle', { ways: BOTH, words: /30[12]|redirect/i },
  (socket) => socket.write(head(302, ['Content-Length: 0',
    'Location: /socket.io/?EIO=4&transport=polling'])));

hostile('slow bytes', { ways: BOTH, words: /time/i, seconds: 3 }, (socket) => {
  const text = answer(hello());
  let at = 0;
  const timer = setInterval(() => {
    if (socket.destroyed || at >= text.length) clearInterval(timer);
    else socket.write(text[at++]);
  }, 100);
});

hostile('cookies without number', { ...POLL, isBusy: true, cpu: 2.5 }, (socket, _, n) => {
  const cookies = Array.from({ length: 14 }, (__, i) =>
    `Set-Cookie: c${n}-${i}=${'v'.repeat(400)}`);
  socket.write(answer(hello(), cookies));
  socket.end();
});

hostile('a hundred interim answers a moment',
  { ways: BOTH, words: /refused|error|time/i, cpu: 2.5 },
  (socket) => forever(socket, () => 'HTTP/1.1 100 Continue\r\n\r\n'));

hostile('a 101 that nobody has asked for', { ...POLL, words: /refused|error/ },
  (socket) => socket.write(accepting('')));

// -- WebSocket ------------------------------------------------------------------------------

hostile('the wrong accept key', { words: /accept|key|handshake/i }, (socket) =>
  socket.write(accepting('Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==\r\n')));

hostile('an extension that was not offered', { words: /refused|error/i },
  (socket, request) => socket.write(accepting(request,
    ['Sec-WebSocket-Extensions: permessage-deflate; server_max_window_bits=8'])));

hostile('masked frames', { words: /mask|PROTOCOL|WS_|transport error/i },
  joined((socket) => socket.write(Buffer.from(
    [0x81, 0x81, 1, 2, 3, 4, '2'.charCodeAt(0) ^ 1]))));

hostile('an enormous frame is announced',
  { words: /transport error|parse error/ }, joined((socket) => {
    socket.write(Buffer.from([0x82, 127, 0x7f, 255, 255, 255, 255, 255, 255, 255]));
    forever(socket, () => Buffer.alloc(65536));
  }));

hostile('fragments without end', { words: /transport error|parse error/ },
  joined((socket) => {
    socket.write(frame('4', 0x01));
    forever(socket, () => frame(Buffer.alloc(60000, 'x'), 0x00));
  }));

hostile('empty fragments without end', { cpu: 4 }, joined((socket) => {
  socket.write(frame('4', 0x01));
  forever(socket, () => Buffer.alloc(4096));
}));

hostile('a compressed frame that was not agreed on',
  { words: /transport error|parse error/ }, joined((socket) => {
    const bomb = zlib.deflateRawSync(Buffer.alloc(64 * MIB));
    socket.write(frame(bomb, 0xc2));
  }));

hostile('pings of WebSocket, and nobody reads the pongs', { cpu: 4 },
  joined((socket) => {
    socket.pause();
    forever(socket, () => Buffer.concat(
      Array.from({ length: 100 }, () => frame(Buffer.alloc(125), 0x89))));
  }));

// -- Engine.IO --------------------------------------------------------------------------------

const OPENINGS = {
  'is no JSON': '0{"sid":',
  'has no sid': '0{"pingInterval":1}',
  'has a sid that is no text': hello({ sid: { a: 1 } }),
  'has a sid of a megabyte': hello({ sid: 'x'.repeat(900000) }),
  'is nested ten thousand times': `0${'['.repeat(10000)}`,
  'is another packet': '2',
};
for (const [what, text] of Object.entries(OPENINGS)) {
  hostile(`an opening that ${what}`, { ways: BOTH, words: /refused|error/ },
    (socket, request) => {
      if (/websocket/.test(request)) {
        socket.write(accepting(request));
        socket.write(frame(text));
      } else socket.write(answer(text));
    });
}

hostile('a message before the opening', { words: /refused|error/ },
  (socket, request) => {
    socket.write(accepting(request));
    socket.write(frame('42["early"]'));
  });

hostile('an opening with pings all the time: 1 ms',
  { cpu: 1, words: /ping timeout/ }, (socket, request) => {
    socket.write(accepting(request));
    socket.write(frame(hello({ pingInterval: 1, pingTimeout: 1 })));
    socket.write(frame(CONNECTED));
  });

hostile('pings of Engine.IO, and nobody reads the pongs',
  { cpu: 4, memory: 20 }, joined((socket) => {
    socket.pause();
    forever(socket, () => Buffer.concat(
      Array.from({ length: 500 }, () => frame('2'))));
  }));

hostile('packets of no known type', { words: /parse error/ },
  joined((socket) => socket.write(frame('9what'))));

hostile('polling answers at once, with nothing', { ...POLL, seconds: 2, cpu: 2.5,
  act: () => {} }, (socket, request) => {
  if (!/sid=/.test(request)) socket.write(answer(hello()));
  else if (/^POST/.test(request)) socket.write(answer('ok'));
  else setTimeout(() => socket.write(answer('6')), 1);
});

// -- Socket.IO ----------------------------------------------------------------------------------

const PACKETS = {
  'is cut': '42["ev',
  'is no array': '42{"a":1}',
  'has no name': '42[]',
  'has a name that is none': '42[{}]',
  'has a reserved name': '42["connect_error",1]',
  'announces a thousand million attachments':
    '451999999999-["x",{"_placeholder":true,"num":0}]',
  'has an id without end': `42${'9'.repeat(500000)}["x"]`,
  'is nested ten thousand times': `42["x",${'['.repeat(10000)}${']'.repeat(10000)}]`,
  'is an unknown one': '48',
};
for (const [what, text] of Object.entries(PACKETS)) {
  hostile(`a packet that ${what}`, { words: /parse error/ },
    joined((socket) => socket.write(frame(text))));
}

hostile('a binary that nobody has announced', { words: /parse error/ },
  joined((socket) => socket.write(frame('xx', 0x82))));

hostile('attachments that never come', { seconds: 2 }, joined((socket) => {
  socket.write(frame('451-["x",{"_placeholder":true,"num":0}]'));
  const timer = setInterval(() => {
    if (socket.destroyed) clearInterval(timer);
    else socket.write(frame('2'));
  }, 20);
}));

hostile('attachments without end', { words: /error/, memory: 12 },
  joined((socket) => {
    socket.write(frame(`451000000-["x",${Array.from({ length: 20 }, (_, i) =>
      `{"_placeholder":true,"num":${i}}`).join()}]`));
    forever(socket, () => frame(Buffer.alloc(60000), 0x82));
  }));

hostile('answers of a million namespaces', { seconds: 3, cpu: 4 },
  joined((socket) => {
    let i = 0;
    forever(socket, () => Buffer.concat(Array.from({ length: 200 }, () =>
      frame(`40/n${i++},{"sid":"c"}`))));
  }));

hostile('events of namespaces that nobody has joined', { seconds: 2, cpu: 4 },
  joined((socket) => {
    let i = 0;
    forever(socket, () => Buffer.concat(Array.from({ length: 200 }, () =>
      frame(`42/n${i++},["x",1]`))));
  }));

hostile('events before the answer to CONNECT', { memory: 24, cpu: 4 },
  (socket, request) => {
    socket.write(accepting(request));
    socket.write(frame(hello()));
    const event = frame(`42["x","${'y'.repeat(10000)}"]`);
    forever(socket, () => event);
  });

hostile('questions, and nobody reads the answers',
  { seconds: 4, cpu: 6, memory: 24 }, joined((socket) => {
    let i = 0;
    socket.pause();
    forever(socket, () => Buffer.concat(Array.from({ length: 200 }, () =>
      frame(`42${i++}["question"]`))));
  }));

hostile('acknowledgements that nobody waits for', { seconds: 2, cpu: 4 },
  joined((socket) => {
    let i = 0;
    forever(socket, () => Buffer.concat(Array.from({ length: 200 }, () =>
      frame(`43${i++}[1]`))));
  }));

hostile('connected twice, left twice', { words: /parse error/ }, joined((socket) => {
  socket.write(Buffer.concat(
    ['40{"sid":"c"}', '41', '41', '40{"sid":"d"}', '42["x"]'].map((p) => frame(p))));
}));

hostile('a server that takes nothing: what waits has a ceiling',
  { memory: 16, cpu: 3, seconds: 1, more: { maxBufferBytes: MIB },
    act: async (socket) => {
      await socket.connected();
      for (let i = 0; i < 300; i++) socket.emit('x', 'y'.repeat(100000));
    } },
  joined((socket) => socket.pause()));

hostile('a server that goes at once, each time', { words: /transport/ },
  joined((socket) => setTimeout(() => socket.resetAndDestroy(), 5)));

hostile('nothing is taken, and each connection is broken when it is full',
  { seconds: 6, cpu: 8, memory: 40, isBusy: true, act: async (socket) => {
    socket.onReport = ({ is }) => {
      for (let i = 0; is === 'connect' && i < 300; i++) {
        socket.emit('x', 'y'.repeat(100000));
      }
    };
  } }, joined((socket, n) => {
    socket.pause();
    if (n < 30) setTimeout(() => socket.write(frame('42{}')), 300);
  }));

hostile('words that are cut in a character', { seconds: 1, act: async (socket) => {
  const { message } = await socket.refused();
  assert.equal(message, 'a'.repeat(254));
} }, (socket, request) => {
  socket.write(accepting(request));
  socket.write(frame(hello()));
  socket.write(frame(`44{"message":"${'a'.repeat(254)}\u00e9${'b'.repeat(30)}"}`));
});

hostile('a WebSocket that is closed before the opening',
  { words: /closed the WebSocket \(4000: not you  /, seconds: 1 },
  (socket, request) => {
    socket.write(accepting(request));
    socket.write(frame(Buffer.concat([Buffer.from([0x0f, 0xa0]),
      Buffer.from('not you\r\n')]), 0x88));
  });

hostile('pings for a process that is stopped: no silence', { seconds: 1,
  act: async (socket) => {
    await socket.connected();
    const told = [];
    socket.onReport = (report) => told.push(report);
    socket.driver.proc.kill('SIGSTOP');
    await sleep(3000);
    socket.driver.proc.kill('SIGCONT');
    await sleep(500);
    assert.deepEqual(told.filter((one) => one.is === 'disconnect'), []);
  } }, (socket, request) => {
  socket.write(accepting(request));
  socket.write(frame(hello({ pingInterval: 1000, pingTimeout: 1000 })));
  socket.write(frame(CONNECTED));
  const timer = setInterval(() => socket.write(frame('2')), 200);
  socket.on('close', () => clearInterval(timer));
});

process.setMaxListeners(0);
run({ parallel: 6 });
