// SPDX-License-Identifier: MIT
'use strict';
// Socket.IO 5 packets, case by case, over WebSocket and over polling.
const assert = require('node:assert/strict');
const { test, run, sleep, until } = require('./lib/suite');
const { target } = require('./lib/server');
const { openEngine, openSio, join } = require('./lib/eio');

const BOTH = ['websocket', 'polling'];

// The same case over both transports.
function both(name, opts, fn) {
  if (typeof opts === 'function') [opts, fn] = [{}, opts];
  for (const transport of BOTH) {
    test(`${name} [${transport}]`, opts, async (t) => {
      const server = await t.server(opts.flags);
      await fn(t, transport, server);
    });
  }
}

const ready = (t, transport, server, nsp) =>
  openSio(t, server.port, transport, nsp);

async function expectEcho(e, text, answer = text) {
  await e.send(text);
  assert.equal(await e.recv(), answer);
}

async function reasonsOf(t, server, id) {
  const e = await openSio(t, server.port, 'websocket');
  const list = await until(async () => {
    await e.send(`27["log","${id}"]`);
    const [entries] = JSON.parse((await e.recv()).replace(/^37/, ''));
    return entries.length ? entries : undefined;
  }, `a logged reason of ${id}`);
  e.ws.close();
  return list.map((entry) => entry.reason);
}

// Sends packets and expects that the connection goes, that nothing of them is
// echoed, and that the log tells so.
function closes(name, packets, opts = {}) {
  both(`${name} closes the connection`, opts, async (t, transport, server) => {
    const e = await ready(t, transport, server);
    await e.send(...packets);
    const before = await e.closed();
    assert.deepEqual(before.filter((p) => /echo/.test(p)), []);
    const [reason] = await reasonsOf(t, server, e.id);
    assert.ok(['forced close', 'forced server close', 'parse error']
      .includes(reason), reason);
  });
}

// --- CONNECT -------------------------------------------------------------------

both('CONNECT is answered by a sid', async (t, transport, server) => {
  const e = await openEngine(t, server.port, transport);
  await e.send('0');
  assert.match(await e.recv(), /^0\{"sid":"[A-Za-z0-9_-]{20}"\}$/);
});

both('the socket id is not the engine id', async (t, transport, server) => {
  const e = await ready(t, transport, server);
  assert.notEqual(e.id, e.sid);
});

both('CONNECT with auth reaches the middleware', async (t, transport, server) => {
  const e = await openEngine(t, server.port, transport);
  await e.send('0/auth,{"token":"good","more":[1,{"a":"é"}]}');
  assert.match(await e.recv(), /^0\/auth,\{"sid":"[A-Za-z0-9_-]{20}"\}$/);
  await e.send('2/auth,5["me"]');
  assert.equal(await e.recv(),
    '3/auth,5[{"token":"good","more":[1,{"a":"é"}]}]');
});

both('a refusing middleware sends message and data', async (t, transport, server) => {
  const e = await openEngine(t, server.port, transport);
  await e.send('0/auth,{"token":"bad"}');
  assert.equal(await e.recv(),
    '4/auth,{"message":"not authorized","data":{"code":401,"need":"good"}}');
});

both('a refusing middleware without data sends the message', async (t, transport, server) => {
  const e = await openEngine(t, server.port, transport);
  await e.send('0/auth,{"token":"plain"}');
  assert.equal(await e.recv(), '4/auth,{"message":"not authorized"}');
});

both('a refused client may try again on the same connection', async (t, transport, server) => {
  const e = await openEngine(t, server.port, transport);
  await e.send('0/auth,');
  assert.match(await e.recv(), /^4\/auth,/);
  await e.send('0/auth,{"token":"good"}');
  assert.match(await e.recv(), /^0\/auth,/);
});

both('an unknown namespace is refused', async (t, transport, server) => {
  const e = await openEngine(t, server.port, transport);
  for (const nsp of ['/zzz', '/admin?a=b', '/Admin', '/admin/', '/__proto__']) {
    await e.send(`0${nsp},`);
    assert.equal(await e.recv(), `4${nsp},{"message":"Invalid namespace"}`);
  }
});

both('the namespace may end the packet without a comma', async (t, transport, server) => {
  const e = await openEngine(t, server.port, transport);
  await e.send('0/admin');
  assert.match(await e.recv(), /^0\/admin,\{"sid"/);
});

both('several namespaces on one connection', async (t, transport, server) => {
  const e = await openEngine(t, server.port, transport);
  await join(e, '/admin');
  const admin = e.id;
  await join(e, '/auth', { token: 'good' });
  await join(e);
  assert.notEqual(e.id, admin);
  await expectEcho(e, '2/admin,["echo",1]');
  await expectEcho(e, '2/auth,["echo",2]');
  await expectEcho(e, '2["echo",3]');
});

both('a late middleware answers late and others are served', async (t, transport, server) => {
  const e = await openEngine(t, server.port, transport);
  await join(e);
  await e.send('0/slow,');
  await expectEcho(e, '2["echo","meanwhile"]');
  assert.match(await e.recv(), /^0\/slow,\{"sid"/);
});

both('events pipelined behind CONNECT are delivered in order',
  { only: 'peal' }, async (t, transport, server) => {
    const e = await openEngine(t, server.port, transport);
    await e.send('0', '2["echo",1]', '2["echo",2]');
    assert.match(await e.recv(), /^0\{"sid"/);
    assert.equal(await e.recv(), '2["echo",1]');
    assert.equal(await e.recv(), '2["echo",2]');
  });

both('events pipelined behind a slow CONNECT wait for it',
  { only: 'peal' }, async (t, transport, server) => {
    const e = await openEngine(t, server.port, transport);
    await e.send('0/slow,', '2/slow,["echo",1]');
    assert.match(await e.recv(), /^0\/slow,\{"sid"/);
    assert.equal(await e.recv(), '2/slow,["echo",1]');
  });

// A client that gives up a CONNECT says nothing, and then asks again.
both('CONNECT again while the first waits starts anew', { only: 'peal' },
  async (t, transport, server) => {
    const e = await openEngine(t, server.port, transport);
    await join(e);
    await e.send('0/slow,', '2/slow,["echo","given up"]');
    await e.send('0/slow,', '2/slow,["echo","asked again"]');
    assert.match(await e.recv(), /^0\/slow,\{"sid"/);
    assert.equal(await e.recv(), '2/slow,["echo","asked again"]');
    await expectEcho(e, '2["echo","alive"]');
  });

for (const [name, packet] of [
  ['CONNECT with an array', '0/admin,[]'],
  ['CONNECT with a string', '0/admin,"x"'],
  ['CONNECT with true', '0/admin,true'],
  ['CONNECT with broken JSON', '0/admin,{'],
  ['CONNECT for a joined namespace', '0'],
  ['CONNECT_ERROR from a client', '4{"message":"x"}'],
  ['an EVENT for an unjoined namespace', '2/admin,["echo",1]'],
  ['DISCONNECT for an unjoined namespace', '1/admin,'],
]) closes(name, [packet]);

test('an EVENT before any CONNECT closes the connection', async (t) => {
  const server = await t.server();
  for (const transport of BOTH) {
    const e = await openEngine(t, server.port, transport);
    await e.send('2["echo",1]');
    assert.deepEqual(await e.closed(), []);
  }
});

// --- DISCONNECT ------------------------------------------------------------------

both('DISCONNECT leaves, the connection stays, re-joining works', async (t, transport, server) => {
  const e = await ready(t, transport, server);
  const first = e.id;
  await e.send('1');
  assert.deepEqual(await reasonsOf(t, server, first),
    ['client namespace disconnect']);
  await join(e);
  assert.notEqual(e.id, first);
  await expectEcho(e, '2["echo","again"]');
});

for (const packet of ['1/admin,', '1/admin']) {
  both(`${packet} leaves one namespace only`, async (t, transport, server) => {
    const e = await ready(t, transport, server);
    await join(e, '/admin');
    const admin = e.id;
    await e.send(packet);
    assert.deepEqual(await reasonsOf(t, server, admin),
      ['client namespace disconnect']);
    await expectEcho(e, '2["echo","root stays"]');
    await join(e, '/admin');
    await expectEcho(e, '2/admin,["echo",1]');
  });
}

closes('DISCONNECT with a payload', ['1{}']);

both('an EVENT after DISCONNECT is not handled', async (t, transport, server) => {
  const e = await ready(t, transport, server);
  await e.send('1', '2["echo","pipelined"]');
  assert.deepEqual(await reasonsOf(t, server, e.id),
    ['client namespace disconnect']);
  await e.send('2["echo","late"]').catch(() => 'closed');
  assert.deepEqual((await e.closed()).filter((p) => /echo/.test(p)), []);
});

both('the server disconnects one namespace', async (t, transport, server) => {
  const e = await ready(t, transport, server);
  await join(e, '/admin');
  const id = e.id;
  await e.send('2["kick",false]');
  assert.equal(await e.recv(), '1');
  await expectEcho(e, '2/admin,["echo",1]');
  assert.ok(id);
});

// --- EVENT -----------------------------------------------------------------------

const ECHOED = {
  'no arguments': '2["echo"]',
  'null': '2["echo",null]',
  'booleans': '2["echo",true,false]',
  'numbers': '2["echo",0,-1,1.5,-0.25,1e+21,1e-7,123456789012345]',
  'strings': '2["echo","","a\\"b\\\\c","\\n\\t\\u0001","é\u2603\u{1F600}"]',
  'a slash unescaped': '2["echo","a/b"]',
  'nested values': '2["echo",{"a":[1,{"b":[[]]},{}],"":null}]',
  'many arguments': `2["echo",${Array.from({ length: 100 }, (_, i) => i)}]`,
  'key order': '2["echo",{"z":1,"a":2,"m":3}]',
  'text that looks like packets': '2["echo","1-[]","42[]","/admin,"]',
  'long text': `2["echo","${'long '.repeat(20000)}"]`,
};
for (const [name, packet] of Object.entries(ECHOED)) {
  both(`echo: ${name}`, async (t, transport, server) => {
    const e = await ready(t, transport, server);
    await expectEcho(e, packet);
  });
}

both('blanks in JSON are accepted and not sent', async (t, transport, server) => {
  const e = await ready(t, transport, server);
  await expectEcho(e, '2[ "echo" , { "a" : [ 1 , 2 ] } ]',
    '2["echo",{"a":[1,2]}]');
});

both('escapes are decoded, surrogate pairs too', async (t, transport, server) => {
  const e = await ready(t, transport, server);
  await expectEcho(e, '2["echo","\\u0041\\/\\ud83d\\ude00"]',
    '2["echo","A/\u{1F600}"]');
});

// Integers of 64 bits are kept exactly; JavaScript rounds beyond 2^53.
both('numbers are doubles, integers of 64 bits are exact', async (t, transport, server) => {
  const e = await ready(t, transport, server);
  await expectEcho(e, '2["echo",12345678901234567890]',
    '2["echo",12345678901234567000]');
  await expectEcho(e, '2["echo",1.0,1E2,0.1e1,-0]', '2["echo",1,100,1,0]');
  const exact = target() !== 'node';
  await expectEcho(e, '2["echo",9007199254740993]',
    `2["echo",900719925474099${exact ? 3 : 2}]`);
  await expectEcho(e, '2["echo",-9223372036854775808,9223372036854775807]',
    exact ? '2["echo",-9223372036854775808,9223372036854775807]'
      : '2["echo",-9223372036854776000,9223372036854776000]');
});

both('a number may be the event name', async (t, transport, server) => {
  const e = await ready(t, transport, server);
  await e.send('2[42,"x"]');
  await expectEcho(e, '2["echo","alive"]');
});

both('an EVENT without payload harms nobody', async (t, transport, server) => {
  const e = await ready(t, transport, server);
  const other = await ready(t, 'websocket', server);
  await e.send('2');
  await expectEcho(other, '2["echo",1]');
});

both('the catch-all handler sees every event', async (t, transport, server) => {
  const e = await ready(t, transport, server);
  await e.send('2["one"]', '2["two",1]', '2["echo",1]', '29["recorded"]');
  const seen = [];
  while (seen.length < 2) seen.push(await e.recv());
  assert.deepEqual(seen, ['2["echo",1]',
    '39[["one","two","echo","recorded"]]']);
});

both('a user event named error is an event', async (t, transport, server) => {
  const e = await ready(t, transport, server);
  await e.send('29["recorded"]');
  assert.equal(await e.recv(), '39[["recorded"]]');
});

for (const name of ['connect', 'connect_error', 'disconnect', 'disconnecting',
  'newListener', 'removeListener']) {
  closes(`reserved name ${name}`, [`2["${name}",1]`, '2["echo",1]']);
}
for (const [name, packet] of [
  ['type 7', '7["echo",1]'], ['type 9', '9'], ['type x', 'x'],
  ['an empty message', ''],
  ['payload []', '2[]'], ['payload {}', '2{}'], ['payload [true]', '2[true]'],
  ['payload [null]', '2[null]'], ['payload [{}]', '2[{}]'],
  ['payload [[]]', '2[["echo"]]'], ['a string payload', '2"echo"'],
  ['trailing garbage', '2["echo",1]x'], ['two payloads', '2["echo"]["echo"]'],
  ['a missing bracket', '2["echo",1'], ['a trailing comma', '2["echo",1,]'],
  ['a bare word', '2["echo",undefined]'], ['NaN', '2["echo",NaN]'],
  ['a leading zero', '2["echo",01]'], ['a plus sign', '2["echo",+1]'],
  ['a lone dot', '2["echo",1.]'], ['single quotes', "2['echo']"],
  ['a raw control character', '2["echo","a\nb"]'],
  ['a bad escape', '2["echo","\\x41"]'], ['a cut escape', '2["echo","\\u12"]'],
  ['a comment', '2["echo"/*x*/]'], ['an unquoted key', '2["echo",{a:1}]'],
]) closes(name, [packet, '2["echo","after"]']);

both('JSON of depth 100 is echoed', async (t, transport, server) => {
  const e = await ready(t, transport, server);
  await expectEcho(e, `2["echo",${'['.repeat(100)}${']'.repeat(100)}]`);
});

both('JSON beyond the depth limit ends that connection only',
  { only: 'peal' }, async (t, transport, server) => {
    const other = await ready(t, 'websocket', server);
    for (const depth of [1000, 100000]) {
      for (const [open, close] of [['[', ']'], ['{"a":', '}']]) {
        const e = await ready(t, transport, server);
        await e.send(`2["echo",${open.repeat(depth)}1${close.repeat(depth)}]`);
        await e.closed();
        await expectEcho(other, '2["echo",1]');
      }
    }
  });

both('keys of the prototype are plain keys', async (t, transport, server) => {
  const e = await ready(t, transport, server);
  await expectEcho(e, '2["echo",{"__proto__":1,"constructor":{"x":2}}]');
  await e.send('2["__proto__",1]', '2["toString"]', '2["hasOwnProperty"]');
  await expectEcho(e, '2["echo","alive"]');
});

// --- ACK -------------------------------------------------------------------------

both('an acknowledgement carries the id and the arguments', async (t, transport, server) => {
  const e = await ready(t, transport, server);
  await expectEcho(e, '212["echo",1,"two",{"three":3}]',
    '312[1,"two",{"three":3}]');
  await expectEcho(e, '20["echo"]', '30[]');
});

both('acknowledgements in a namespace', async (t, transport, server) => {
  const e = await ready(t, transport, server, '/admin');
  await expectEcho(e, '2/admin,7["echo",1]', '3/admin,7[1]');
});

both('leading zeros of an id are dropped', async (t, transport, server) => {
  const e = await ready(t, transport, server);
  await expectEcho(e, '2007["echo",1]', '37[1]');
});

both('the largest exact id comes back', async (t, transport, server) => {
  const e = await ready(t, transport, server);
  await expectEcho(e, '29007199254740991["echo",1]', '39007199254740991[1]');
});

both('a giant id harms nobody', async (t, transport, server) => {
  const other = await ready(t, 'websocket', server);
  for (const digits of [20, 25, 400, 50000]) {
    const e = await ready(t, transport, server);
    await e.send(`2${'9'.repeat(digits)}["echo",1]`);
    await e.recv().catch(() => 'closed');
    await expectEcho(other, '2["echo",1]');
  }
});

both('the server asks, the client answers', async (t, transport, server) => {
  const e = await ready(t, transport, server);
  await e.send('2["call_me","question",5000,1,"two"]');
  const m = /^2(\d+)\["question",1,"two"\]$/.exec(await e.recv());
  assert.ok(m);
  await e.send(`3${m[1]}["fine",{"n":1}]`);
  assert.equal(await e.recv(), '2["call_result",{"answer":["fine",{"n":1}]}]');
});

both('the server asks, nobody answers: timeout', async (t, transport, server) => {
  const e = await ready(t, transport, server);
  await e.send('2["call_me","question",150]');
  const m = /^2(\d+)\["question"\]$/.exec(await e.recv());
  assert.equal(await e.recv(),
    '2["call_result",{"error":"operation has timed out"}]');
  await e.send(`3${m[1]}["too late"]`);
  await expectEcho(e, '2["echo","alive"]');
});

both('unknown, repeated and missing acknowledgement ids are ignored', async (t, transport, server) => {
  const e = await ready(t, transport, server);
  await e.send('399999["nobody asked"]', '3["no id"]', '3[]');
  await e.send('2["call_me","question",5000]');
  const m = /^2(\d+)/.exec(await e.recv());
  await e.send(`3${m[1]}["first"]`, `3${m[1]}["second"]`);
  assert.equal(await e.recv(), '2["call_result",{"answer":["first"]}]');
  await expectEcho(e, '2["echo","alive"]');
});

closes('an ACK with an object', ['30{}']);
closes('an ACK with a string', ['30"x"']);

// --- binary ----------------------------------------------------------------------

const PLACE = (n) => `{"_placeholder":true,"num":${n}}`;

both('binary events both ways', async (t, transport, server) => {
  const e = await ready(t, transport, server);
  const one = Buffer.from([0, 1, 2, 255]);
  const two = Buffer.alloc(70000, 0xab);
  await e.send(`52-["echo",${PLACE(0)},{"deep":[${PLACE(1)}]}]`, one, two);
  assert.equal(await e.recv(),
    `52-["echo",${PLACE(0)},{"deep":[${PLACE(1)}]}]`);
  assert.deepEqual(await e.recv(), one);
  assert.deepEqual(await e.recv(), two);
});

both('one buffer sent three times is three attachments in order', async (t, transport, server) => {
  const e = await ready(t, transport, server);
  await e.send(`51-["binary",${PLACE(0)}]`, Buffer.from('abc'));
  assert.equal(await e.recv(), '53-["binary",{"size":3,"data":' +
    `${PLACE(0)},"nested":[${PLACE(1)},{"again":${PLACE(2)}}]}]`);
  for (let i = 0; i < 3; i++) {
    assert.deepEqual(await e.recv(), Buffer.from('abc'));
  }
});

both('binary acknowledgements both ways', async (t, transport, server) => {
  const e = await ready(t, transport, server);
  await e.send(`51-9["echo",${PLACE(0)}]`, Buffer.from('abc'));
  assert.equal(await e.recv(), `61-9[${PLACE(0)}]`);
  assert.deepEqual(await e.recv(), Buffer.from('abc'));
  await e.send('2["call_me","question",5000]');
  const m = /^2(\d+)/.exec(await e.recv());
  await e.send(`61-${m[1]}[${PLACE(0)}]`, Buffer.from('xyz'));
  assert.equal(await e.recv(), `51-["call_result",{"answer":[${PLACE(0)}]}]`);
  assert.deepEqual(await e.recv(), Buffer.from('xyz'));
});

both('binary in a namespace', async (t, transport, server) => {
  const e = await ready(t, transport, server, '/admin');
  await e.send(`51-/admin,["echo",${PLACE(0)}]`, Buffer.from([9]));
  assert.equal(await e.recv(), `51-/admin,["echo",${PLACE(0)}]`);
  assert.deepEqual(await e.recv(), Buffer.from([9]));
});

both('placeholders in another order, and an empty buffer', async (t, transport, server) => {
  const e = await ready(t, transport, server);
  await e.send(`52-["echo",${PLACE(1)},${PLACE(0)}]`,
    Buffer.from('first'), Buffer.from('second'));
  await e.recv();
  assert.deepEqual(await e.recv(), Buffer.from('second'));
  assert.deepEqual(await e.recv(), Buffer.from('first'));
});

both('ten attachments are taken', async (t, transport, server) => {
  const e = await ready(t, transport, server);
  const places = Array.from({ length: 10 }, (_, i) => PLACE(i)).join(',');
  const parts = Array.from({ length: 10 }, (_, i) => Buffer.from([i]));
  await e.send(`510-["echo",${places}]`, ...parts);
  assert.equal(await e.recv(), `510-["echo",${places}]`);
  for (const part of parts) assert.deepEqual(await e.recv(), part);
});

both('an unused attachment is fine', async (t, transport, server) => {
  const e = await ready(t, transport, server);
  await e.send(`52-["echo",${PLACE(1)}]`, Buffer.from('a'), Buffer.from('b'));
  assert.equal(await e.recv(), `51-["echo",${PLACE(0)}]`);
  assert.deepEqual(await e.recv(), Buffer.from('b'));
});

both('zero attachments do not wedge the decoder', { only: 'peal' },
  async (t, transport, server) => {
    const e = await ready(t, transport, server);
    for (const packet of ['50-["echo",1]', '50-["echo",2]']) {
      await e.send(packet);
      assert.match(await e.recv(), /^2\["echo",[12]\]$/);
    }
    await expectEcho(e, '2["echo",3]');
  });

closes('eleven attachments', ['511-["echo",1]']);
closes('a huge count of attachments', ['599999999999999999999-["echo",1]']);
closes('no count of attachments', ['5["echo",1]']);
closes('no dash after the count', ['51["echo",1]']);
closes('a negative count', ['5-1-["echo",1]']);
closes('a fractional count', ['51.5-["echo",1]']);
closes('text while attachments are missing',
  [`51-["echo",${PLACE(0)}]`, '2["echo",1]']);
closes('binary that nobody announced', [Buffer.from('x'), '2["echo",1]']);
for (const num of ['1', '-1', '"0"', 'null', '1e9', 'true', '[]']) {
  closes(`placeholder num ${num}`,
    [`51-["echo",{"_placeholder":true,"num":${num}}]`, Buffer.from('x')]);
}
closes('placeholder num 0.5',
  [`51-["echo",{"_placeholder":true,"num":0.5}]`, Buffer.from('x')],
  { only: 'peal' });
closes('an attachment in two places',
  [`51-["echo",${PLACE(0)},[${PLACE(0)}]]`, Buffer.from('x')],
  { only: 'peal' });
closes('a reserved name in a binary event',
  [`51-["disconnect",${PLACE(0)}]`, Buffer.from('x')]);

both('a placeholder without attachments is an ordinary object', async (t, transport, server) => {
  const e = await ready(t, transport, server);
  await expectEcho(e, '2["echo",{"_placeholder":false,"num":0}]');
});

test('announced attachments that never come harm nobody', async (t) => {
  const server = await t.server();
  const list = [];
  for (let i = 0; i < 20; i++) {
    const e = await openSio(t, server.port, 'websocket');
    await e.send(`510-["echo",${PLACE(0)}]`, Buffer.alloc(1000));
    list.push(e);
  }
  const other = await openSio(t, server.port, 'websocket');
  await expectEcho(other, '2["echo",1]');
  for (const e of list) e.ws.close();
  await expectEcho(other, '2["echo",2]');
});

// --- order and delivery ------------------------------------------------------------

both('500 packets at once are answered in order', async (t, transport, server) => {
  const e = await ready(t, transport, server);
  const list = Array.from({ length: 500 }, (_, i) => `2${i}["echo",${i}]`);
  await e.send(...list);
  for (let i = 0; i < 500; i++) assert.equal(await e.recv(), `3${i}[${i}]`);
});

both('events, acknowledgements and binary keep their order', async (t, transport, server) => {
  const e = await ready(t, transport, server);
  await e.send('2["echo","a"]', '21["echo","b"]',
    `51-["echo",${PLACE(0)}]`, Buffer.from('c'), '2["echo","d"]');
  const seen = [];
  while (seen.length < 5) seen.push(String(await e.recv()));
  assert.deepEqual(seen, ['2["echo","a"]', '31["b"]',
    `51-["echo",${PLACE(0)}]`, 'c', '2["echo","d"]']);
});

both('a broadcast reaches every form of client alike', async (t, transport, server) => {
  const listeners = [];
  for (const kind of BOTH) listeners.push(await ready(t, kind, server));
  const room = `room-${transport}`;
  for (const l of listeners) {
    await expectEcho(l, `21["join","${room}"]`, '31[]');
  }
  const e = await ready(t, transport, server);
  await e.send(`51-["to_room","${room}","news",{"b":${PLACE(0)}}]`,
    Buffer.from('pic'));
  for (const l of listeners) {
    assert.equal(await l.recv(), `51-["news",{"b":${PLACE(0)}}]`);
    assert.deepEqual(await l.recv(), Buffer.from('pic'));
  }
});

both('what the peer sends after kick is not handled', async (t, transport, server) => {
  const e = await ready(t, transport, server);
  await e.send('2["kick",true]', '2["echo","late"]');
  assert.deepEqual((await e.closed()).filter((p) => /echo/.test(p)), []);
  await sleep(10);
});

run();
