// SPDX-License-Identifier: MIT
// scenarios: what is done on a cluster, as data; what its clients hear, and what
// those who asked were answered, is compared with what a cluster of the
// reference's nodes alone shows (judge.mjs).
//
// Each node has the clients a, b (namespace /) and c (/chat): `here.a` is on
// the node that acts, `there.a` on the next, `far.a` on the third, if there is
// one. A name that begins with @ stands for the socket's id. Steps:
//   { do: …, by?: 'there' }           a command of README.md, by default here
//   { client: 'here.a', ask: […] }    an event that the node acknowledges
// After each all settles, unless it is `loose`.
// `in`: the dialects; `not`: the kinds of actors that cannot; `alone`: not over a
// relay between dialects, which carries what is said and no questions.
const TEXT = 'é\u2603\u{1F600} "quoted" \\ back\nline\u2028';
const VALUES = [0, 1, -1, 127, 128, 255, 256, 65536, -129, -32769, -1.5, 4294967296,
  9007199254740991, 0.1, 1e-7, '', 'text', TEXT, true, false, null, [],
  [[], [1, [2, 'x']]], {}, { a: { b: [{ c: null }] } }, 'x'.repeat(300), 'y'.repeat(70000)];
const bytes = (...items) => Buffer.from(items);
const BIG = Buffer.alloc(100000, 'peal');
const RED = { red: ['here.a', 'there.a', 'far.a'] };
const BOTH = { ...RED, blue: ['here.a', 'here.b', 'there.b', 'far.a'] };

const scenarios = [];
const scenario = (name, more, ...steps) => scenarios.push({ name, in: ['node', 'python'], not: [], rooms: {}, ...more, steps });
const emit = (event, args, more = {}) => ({ do: 'emit', event, args, ...more });
const ask = (event, args, more = {}) => ({ do: 'ask', event, args, ...more });
const NODE = { in: ['node'] };
const SERVERS = ['emitter'];

// -- events -------------------------------------------------------------------

scenario('an event to everyone', {}, emit('news', ['text']));
scenario('an event without arguments', {}, emit('news', []));
scenario('values of every type', {}, emit('values', VALUES), ...VALUES.filter((one) => one !== null)
  .map((one, i, all) => emit('value', [one], { loose: i + 1 < all.length })));
// Not with classic: notepack writes such a number as another one.
scenario('numbers of more than 64 bits', { modes: ['static', 'dynamic', 'dynamic-private', 'streams', 'python'] },
  emit('value', [1e21, -1e300, 18446744073709552000]));
scenario('null alone', NODE, emit('value', [null]));
scenario('names of events', {}, emit(TEXT, [1]), emit('with space', [2]), emit('message', [3]));
scenario('binary', {}, emit('bin', [bytes(0, 1, 127, 128, 255)]), emit('bin', [bytes()]),
  emit('bin', [BIG]));
scenario('binary within values', {}, emit('bin', [{ a: [bytes(1), { b: bytes(2, 3) }] }, 'and', bytes(4)]));
scenario('many in a row, in their order', {}, { do: 'many', event: 'row', count: 60 });
scenario('to the clients of a namespace alone', { other: true }, emit('news', ['root']),
  emit('news', ['chat'], { nsp: '/chat' }));
scenario('binary in a namespace', { other: true }, emit('bin', [bytes(9)], { nsp: '/chat' }));

// -- rooms --------------------------------------------------------------------

scenario('to a room', { rooms: RED }, emit('news', [1], { to: ['red'] }), emit('bin', [bytes(1)], { to: ['red'] }));
scenario('to two rooms, each once', { rooms: BOTH }, emit('news', [1], { to: ['red', 'blue'] }));
scenario('to a room that is elsewhere', { rooms: { red: ['there.a', 'there.b'] } }, emit('news', [1], { to: ['red'] }));
scenario('to a room that is here', { rooms: { red: ['here.a', 'here.b'] } }, emit('news', [1], { to: ['red'] }));
scenario('to a room of nobody', { rooms: RED }, emit('news', [1], { to: ['none'] }));
scenario('rooms by odd names', {
  rooms: { [TEXT]: ['here.a', 'there.a'], 'a#b#': ['here.b', 'there.b'], '*': ['there.a'], '20 characters long!!': ['here.b', 'there.b'] },
}, emit('news', [1], { to: [TEXT] }), emit('news', [2], { to: ['a#b#'] }), emit('news', [3], { to: ['*'] }),
emit('news', [4], { to: ['20 characters long!!'] }), emit('news', [5], { to: ['a#b'] }));
scenario('to one socket elsewhere', {}, emit('news', [1], { to: ['@there.a'] }), emit('bin', [bytes(7)], { to: ['@there.a'] }));
scenario('to one socket here', {}, emit('news', [1], { to: ['@here.b'] }));
scenario('to all but some sockets', {}, emit('news', [1], { except: ['@there.a'] }),
  emit('news', [2], { except: ['@here.a', '@there.b'] }));
scenario('to a room but one socket', { rooms: BOTH }, emit('news', [1], { to: ['blue'], except: ['@there.b'] }));
scenario('to all but rooms', { ...NODE, rooms: BOTH }, emit('news', [1], { except: ['red'] }),
  emit('news', [2], { to: ['blue'], except: ['red'] }), emit('news', [3], { except: ['red', 'blue'] }));
scenario('volatile', { ...NODE, rooms: RED }, emit('news', [1], { flags: { volatile: true } }),
  emit('news', [2], { to: ['red'], flags: { volatile: true } }));
scenario('on this node alone', { ...NODE, not: SERVERS, rooms: RED }, emit('news', [1], { flags: { local: true } }),
  emit('news', [2], { to: ['red'], flags: { local: true } }));
scenario('a client joins, and leaves', { rooms: { red: ['there.a', 'there.b'] } },
  emit('news', [1], { to: ['red'] }), { client: 'there.a', ask: ['leave', 'red'] },
  emit('news', [2], { to: ['red'] }), { client: 'there.b', ask: ['leave', 'red'] }, emit('news', [3], { to: ['red'] }),
  { client: 'there.b', ask: ['join', 'red'] }, emit('news', [4], { to: ['red'] }));
scenario('a client to all others', { not: SERVERS, rooms: RED },
  { client: 'here.a', ask: ['say', null, 'said', [1]] },
  { client: 'here.a', ask: ['say', null, 'said', [bytes(1, 2)]] });
scenario('a client to a room', { not: SERVERS, rooms: BOTH },
  { client: 'here.a', ask: ['say', ['red'], 'said', [1]] },
  { client: 'here.a', ask: ['say', ['red', 'blue'], 'said', [2]] });

// -- sockets by the cluster ---------------------------------------------------

scenario('one socket joins and leaves', { not: SERVERS }, { do: 'join', to: ['@there.a'], room: 'green' },
  emit('news', [1], { to: ['green'] }), emit('news', [2], { by: 'there', to: ['green'] }),
  { do: 'leave', to: ['@there.a'], room: 'green' }, emit('news', [3], { to: ['green'] }));
scenario('a socket here joins and leaves', { not: SERVERS }, { do: 'join', to: ['@here.a'], room: 'green' },
  emit('news', [1], { to: ['green'] }), emit('news', [2], { by: 'there', to: ['green'] }),
  { do: 'leave', to: ['@here.a'], room: 'green' }, emit('news', [3], { to: ['green'] }));
scenario('one socket is disconnected', {}, { do: 'disconnect', to: ['@there.a'] }, emit('news', [1]));
scenario('a socket here is disconnected', {}, { do: 'disconnect', to: ['@here.a'] }, emit('news', [1]));
scenario('a room joins another', { ...NODE, rooms: BOTH }, { do: 'join', to: ['red'], room: 'green' },
  emit('news', [1], { to: ['green'] }), { do: 'leave', to: ['blue'], room: 'green' }, emit('news', [2], { to: ['green'] }));
scenario('several rooms are joined, and left, at once', {
  not: SERVERS, kinds: ['node'], modes: ['classic', 'static', 'dynamic', 'dynamic-private', 'streams'],
}, { do: 'join', to: ['@there.a'], room: ['green', 'blue'] }, emit('news', [1], { to: ['green'] }),
  emit('news', [2], { to: ['blue'] }), { do: 'leave', to: ['@there.a'], room: ['green', 'blue'] },
  emit('news', [3], { to: ['blue'] }));
scenario('all but a room join another', { ...NODE, rooms: BOTH }, { do: 'join', except: ['red'], room: 'green' },
  emit('news', [1], { to: ['green'] }), { do: 'leave', room: 'green' }, emit('news', [2], { to: ['green'] }));
scenario('a room is disconnected', { ...NODE, rooms: RED }, { do: 'disconnect', to: ['red'] }, emit('news', [1]));
scenario('a room is disconnected, with its connections', { ...NODE, rooms: RED },
  { do: 'disconnect', to: ['red'], close: true }, emit('news', [1]));
scenario('all but a room are disconnected', { ...NODE, rooms: RED }, { do: 'disconnect', except: ['red'] }, emit('news', [1]));
scenario('a room is closed', { in: ['python'], rooms: BOTH, kinds: ['asgi', 'flask'] }, { do: 'close_room', room: 'red' },
  emit('news', [1], { to: ['red'] }), emit('news', [2], { to: ['blue'] }));

// -- acknowledgements ---------------------------------------------------------

scenario('one socket elsewhere is asked', { not: SERVERS, alone: true }, ask('question', [1, 'two'], { to: ['@there.a'] }),
  ask('question', [bytes(3)], { to: ['@there.b'] }));
scenario('one socket here is asked', { not: SERVERS }, ask('question', [1], { to: ['@here.a'] }));
scenario('one socket answers nothing', { not: SERVERS, alone: true }, ask('silence', [1], { to: ['@there.a'], timeout: 300 }));
scenario('everyone is asked', { ...NODE, not: SERVERS }, ask('question', ['all']));
scenario('a room is asked', { ...NODE, not: SERVERS, rooms: BOTH }, ask('question', ['red'], { to: ['red'] }),
  ask('question', ['b'], { to: ['red', 'blue'], except: ['@there.a'] }));
scenario('a room elsewhere is asked', { ...NODE, not: SERVERS, rooms: { red: ['there.a', 'there.b'] } },
  ask('question', ['red'], { to: ['red'] }));
scenario('binary is asked and answered', { ...NODE, not: SERVERS, rooms: RED }, ask('question', [{ deep: [bytes(1, 255)] }], { to: ['red'] }));
scenario('nobody is asked', { ...NODE, not: SERVERS }, ask('question', [1], { to: ['none'] }));
scenario('some do not answer in time', { ...NODE, not: SERVERS }, ask('some', [1], { timeout: 400 }));
scenario('a namespace is asked', { ...NODE, not: SERVERS, other: true }, ask('question', [1], { nsp: '/chat' }));

// -- what the cluster knows ---------------------------------------------------

scenario('all sockets', { ...NODE, not: SERVERS, rooms: BOTH }, { do: 'fetch' }, { do: 'members' });
scenario('the sockets of rooms', { ...NODE, not: SERVERS, rooms: BOTH }, { do: 'fetch', to: ['red'] }, { do: 'fetch', to: ['blue'], except: ['red'] },
  { do: 'fetch', to: ['none'] }, { do: 'members', to: ['blue'] }, { do: 'fetch', to: ['@there.a'] });
scenario('the sockets of a namespace', { ...NODE, not: SERVERS, other: true }, { do: 'fetch', nsp: '/chat' });
scenario('the sockets of this node', { ...NODE, not: SERVERS, rooms: RED }, { do: 'fetch', flags: { local: true } });
scenario('all rooms', { ...NODE, not: SERVERS, kinds: ['node'], modes: ['classic'], rooms: BOTH }, { do: 'rooms' });

// -- servers among themselves -------------------------------------------------

const heard = (by) => ({ do: 'heard', by });
scenario('servers are told', NODE, { do: 'call', event: 'told', args: [1, 'two', { three: [null] }] },
  heard('here'), heard('there'), heard('far'));
scenario('servers are told in a namespace', NODE, { do: 'call', nsp: '/chat', event: 'told', args: ['chat'] },
  heard('here'), heard('there'), heard('far'));
scenario('servers are told binary', { ...NODE, modes: ['static', 'dynamic', 'dynamic-private', 'streams'] },
  { do: 'call', event: 'told', args: [{ b: bytes(1, 2) }] }, heard('here'), heard('there'), heard('far'));
scenario('servers are asked', { ...NODE, not: SERVERS }, { do: 'call_ack', event: 'asked', args: [{ n: 1 }] });

export default scenarios;
