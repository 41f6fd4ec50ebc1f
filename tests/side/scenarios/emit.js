// SPDX-License-Identifier: MIT
'use strict';
// Emitting, rooms, acknowledgements (section 1.7).

const ALONE = { own: 'emit' };

// Sockets that have joined these rooms, each over this transport.
async function crowd(on, transport, ...rooms) {
  const all = [];
  for (const room of rooms) {
    const e = await on.sio(transport);
    if (room) {
      await e.send(`21["join_many",${JSON.stringify([].concat(room))}]`);
      await e.next();
    }
    all.push(e);
  }
  return all;
}

const NEXT = { n: 0 };
const fresh = () => `~room ${++NEXT.n}`; // behind ids, where names are sorted

module.exports = ({ both, scenario }) => {
  both('emit and acknowledgement', async (on, transport) => {
    const e = await on.sio(transport);
    await e.send('2["echo",1,"two",[3],{"four":null}]', '25["echo",1]');
    await e.next(2);
  });
  both('emit of binary', async (on, transport) => {
    const e = await on.sio(transport);
    await e.send('51-["binary",{"_placeholder":true,"num":0}]',
      Buffer.from([1, 2, 3]));
    await e.next(4);
  });
  both('acknowledgement of binary', async (on, transport) => {
    const e = await on.sio(transport);
    await e.send('51-8["binary",{"_placeholder":true,"num":0}]',
      Buffer.from([1, 2, 3]));
    await e.next(4);
  });
  both('send is the event message', async (on, transport) => {
    const e = await on.sio(transport);
    await e.send('2["send_back",1,"a"]', '2["send_back"]');
    await e.next(2);
  });
  for (const name of ['connect', 'connect_error', 'disconnect',
    'disconnecting', 'newListener', 'removeListener', 'error', 'message']) {
    scenario(`emit of the name ${name}`, async (on) => {
      const e = await on.sio('websocket');
      await e.send(`21["reserved","${name}"]`);
      await e.next();
      await e.fence();
    });
  }
  both('volatile: once', async (on, transport) => {
    const e = await on.sio(transport);
    if (transport === 'polling') {
      const waiting = await on.pending(e.engine.path);
      await e.send('2["volatile_one","now",1]');
      await waiting.answer();
    } else {
      await e.send('2["volatile_one","now",1]');
      await e.next();
    }
  });
  scenario('volatile: no GET waits', async (on) => {
    const e = await on.sio('polling');
    await e.send('2["volatile_one","dropped",1]');
    await e.fence();
  });
  scenario('volatile: several in one turn', async (on) => {
    const e = await on.sio('websocket');
    await e.send('2["volatile",5]');
    await e.fence();
  });
  scenario('volatile: a broadcast', async (on) => {
    const [a, b] = await crowd(on, 'websocket', 'v1', 'v1');
    await a.send('2["to_volatile","v1","ev",1]');
    await b.next();
    a.drop();
    b.drop();
  });
  both('volatile: binary', async (on, transport) => {
    const e = await on.sio(transport);
    if (transport === 'polling') {
      const waiting = await on.pending(e.engine.path);
      await e.send('51-["volatile_one","b",{"_placeholder":true,"num":0}]',
        Buffer.from([7]));
      await waiting.answer();
    } else {
      await e.send('51-["volatile_one","b",{"_placeholder":true,"num":0}]',
        Buffer.from([7]));
      await e.next(2);
    }
  });

  // -- acknowledgements ------------------------------------------------------
  both('the server asks', { own: 'ask' }, async (on, transport) => {
    const e = await on.sio(transport);
    await e.send('2["call_me","ask",9000,1,2]');
    const packet = await e.engine.recvPacket(15000);
    const id = /^42(\d+)\[/.exec(packet)[1];
    on.words.hide(`42${id}[`, '42N[');
    e.see(packet);
    await e.send(`3${id}["yes",{"a":1}]`);
    await e.next();
  });
  scenario('the server asks: ids count for each namespace',
    { own: 'count', workers: 1 },
    async (on) => {
      const [a, b] = await crowd(on, 'websocket', '', '');
      await a.send('2["call_me","ask",9000]');
      await a.next();
      await b.send('2["call_me","ask",9000]');
      await b.next();
      await a.send('2["call_me","ask",9000]');
      await a.next();
    });
  both('the server asks: the answer is late', { own: 'late' },
    async (on, transport) => {
      const e = await on.sio(transport);
      await e.send('2["call_me","ask",100]');
      const id = /^42(\d+)\[/.exec(await e.engine.recvPacket())[1];
      await e.next();
      await e.send(`3${id}["too late"]`);
      await e.fence();
    });
  scenario('the server asks: the answer comes twice', { own: 'twice' },
    async (on) => {
      const e = await on.sio('websocket');
      await e.send('2["call_me","ask",9000]');
      const id = /^42(\d+)\[/.exec(await e.engine.recvPacket())[1];
      await e.send(`3${id}["one"]`, `3${id}["two"]`);
      await e.fence();
    });
  scenario('the server asks: binary answers', { own: 'binary ask' },
    async (on) => {
      const e = await on.sio('websocket');
      await e.send('2["call_me","ask",9000]');
      const id = /^42(\d+)\[/.exec(await e.engine.recvPacket())[1];
      await e.send(`61-${id}[{"_placeholder":true,"num":0}]`, Buffer.from([5]));
      await e.next(2);
    });
  both('an acknowledgement later', async (on, transport) => {
    const e = await on.sio(transport);
    await e.send('21["ack_late",500]', '22["echo","between"]');
    await e.next(2);
  });
  both('an acknowledgement for a client that has left', async (on, transport) => {
    const e = await on.sio(transport);
    await e.send('21["ack_late",2000]');
    await e.fence();
    await e.send('1');
    await e.reason();
    await e.join('/admin');
    await on.sleep(2500); // it has come, if it comes at all
    await e.fence('/admin');
  });

  // -- broadcasts ------------------------------------------------------------
  for (const transport of ['polling', 'websocket']) {
    const toRooms = (name, rooms, packet, flags = ALONE) => scenario(
      `${name} [${transport}]`, flags, async (on) => {
        const own = fresh();
        const real = (text) => text.replaceAll('$', own);
        const all = await crowd(on, transport, ...rooms.map((list) =>
          [].concat(list).filter(Boolean).map((room) => `${own}${room}`)));
        await all[0].send(real(packet));
        for (const one of all) {
          one.words.hide(own, 'R');
          await one.fence();
        }
        for (const one of all) one.drop();
      });
    toRooms('io.to(room)', ['a', 'a', 'b'], '2["to_room","$a","ev",1]');
    toRooms('socket.to(room)', ['a', 'a', 'b'], '2["to_others","$a","ev",1]');
    toRooms('socket.to(room) from outside', ['b', 'a'],
      '2["to_others","$a","ev",1]');
    toRooms('to several rooms, each socket once', ['', ['a', 'b'], 'b', 'c'],
      '2["to_many",["$a","$b"],null,"ev",1]');
    toRooms('to rooms except others', ['', 'a', ['a', 'x'], 'x'],
      '2["to_many",["$a","$x"],["$x"],"ev",1]');
    toRooms('to nobody', ['', 'a'], '2["to_room","$none","ev",1]');
    toRooms('to a list of no rooms', ['a', 'a'],
      '2["to_many",[],["$none"],"ev",1]', { own: `no rooms ${transport}` });
    toRooms('local', ['a', 'a'], '2["to_local","$a","ev",1]');
    toRooms('binary to a room', ['a', 'a'],
      '2["to_room","$a","ev",{"x":[1,2]},null]');
    toRooms('io.except', ['a', 'b'], '2["except","$a",["$b"],"ev",1]');
  }
  scenario('polling and WebSocket get one broadcast of binary', ALONE,
    async (on) => {
      const room = fresh();
      const [a] = await crowd(on, 'polling', room);
      const [b] = await crowd(on, 'websocket', room);
      await b.send(`51-["to_room","${room}","ev",{"_placeholder":true,"num":0}]`,
        Buffer.from([1, 2]));
      await a.fence();
      await b.fence();
    });
  scenario('broadcast to all', { own: 'all' }, async (on) => {
    const [a, b] = await crowd(on, 'websocket', '', '');
    await a.send('2["broadcast","ev",1]', '2["broadcast_all","ev",2]');
    await a.fence();
    await b.fence();
    const other = await on.sio('websocket', '/admin');
    await other.fence('/admin');
  });
  scenario('a room by the id of a socket', ALONE, async (on) => {
    const [a, b] = await crowd(on, 'websocket', '', '');
    await a.send(`2["emit_id","${b.id}","ev",1]`);
    await a.fence();
    await b.fence();
  });
  scenario('leave', ALONE, async (on) => {
    const room = fresh();
    on.words.hide(room, 'R');
    const [a] = await crowd(on, 'websocket', room);
    await a.send('21["who"]', `22["leave","${room}"]`, '23["who"]',
      `2["to_room","${room}","ev",1]`);
    await a.fence();
  });
  scenario('leave: its own room', ALONE, async (on) => {
    const [a] = await crowd(on, 'websocket', '');
    await a.send('21["leave_own"]', `2["emit_id","${a.id}","ev",1]`);
    await a.fence();
  });
  scenario('join: twice, and several', ALONE, async (on) => {
    const room = fresh();
    on.words.hide(room, 'R');
    const [a] = await crowd(on, 'websocket', [room, room, `${room}2`]);
    await a.send('21["who"]');
    await a.fence();
  });
  scenario('a disconnect leaves the rooms', ALONE, async (on) => {
    const room = fresh();
    const [a, b] = await crowd(on, 'websocket', room, room);
    a.drop();
    await a.reason();
    await b.send(`21["count","${room}"]`);
    await b.next();
  });
  scenario('rooms of one name in two namespaces', ALONE, async (on) => {
    const room = fresh();
    const [a] = await crowd(on, 'websocket', room);
    const b = await on.sio('websocket', '/admin');
    await b.send(`2/admin,1["join","${room}"]`);
    await b.next();
    await a.send(`2["to_room","${room}","ev",1]`);
    await a.fence();
    await b.fence('/admin');
  });
  scenario('socketsJoin and socketsLeave', ALONE, async (on) => {
    const room = fresh();
    on.words.hide(room, 'R');
    const [a, b] = await crowd(on, 'websocket', room, room);
    await a.send(`21["join_all","${room}","${room}m"]`);
    await a.fence();
    await b.send(`22["count","${room}m"]`);
    await b.next();
    await b.send('23["who"]');
    await b.next();
    await a.send(`24["leave_all","${room}m","${room}"]`);
    await a.fence();
    await b.send(`25["count","${room}"]`);
    await b.next();
    await b.send('26["who"]');
    await b.next();
  });
  for (const close of [false, true]) {
    scenario(`disconnectSockets(${close})`, ALONE, async (on) => {
      const room = fresh();
      const [a, b, c] = await crowd(on, 'websocket', '', room, room);
      await a.send(`21["kick_all","${room}",${close}]`);
      await a.fence();
      for (const one of [b, c]) {
        if (close) await one.end();
        else await one.next();
        await one.reason();
      }
    });
  }
  scenario('fetchSockets', ALONE, async (on) => {
    const room = fresh();
    const e = await on.websocket('/socket.io/?EIO=4&transport=websocket&a=1&b=%C3%A9');
    await e.next();
    await e.send('0{"token":"x"}');
    await e.next();
    await e.send(`21["join","${room}"]`, '22["keep",{"k":1}]',
      `23["fetch","${room}"]`, `24["fetch","${room}none"]`);
    await e.next(4);
  });
  scenario('fetchSockets: a session of polling', ALONE, async (on) => {
    const e = await on.engine('polling', { Origin: 'http://127.0.0.1' });
    await e.join();
    await e.send(`21["fetch","${e.id}"]`);
    await e.next();
  });

  // -- broadcasts that are acknowledged --------------------------------------
  const acked = (name, answer, timeout = 9000) => scenario(
    `broadcast with acknowledgements: ${name}`, { own: 'broadcast ack' },
    async (on) => {
      const room = fresh();
      const all = await crowd(on, 'websocket', '', room, room, room);
      const [asker, ...rest] = all;
      await asker.send(`2["broadcast_ack","${room}","ask",${timeout},"q"]`);
      for (const [i, one] of rest.entries()) {
        const packet = await one.engine.recvPacket(15000);
        const id = /^42(\d+)\[/.exec(packet)[1];
        on.words.hide(`42${id}[`, '42N[');
        one.see(packet);
        await answer(one, i, id);
      }
      await asker.next();
      for (const one of all) one.drop();
    });
  acked('all answer', (e, i, id) => e.send(`3${id}["first ${i}","second"]`)
    .then(() => e.fence()));
  acked('one is silent', (e, i, id) => (i === 1 ? undefined
    : e.send(`3${id}["first ${i}"]`).then(() => e.fence())), 4000);
  acked('all are silent', () => {}, 200);
  acked('answers of nothing', (e, i, id) => e.send(`3${id}[]`)
    .then(() => e.fence()));
  scenario('broadcast with acknowledgements: to nobody', ALONE, async (on) => {
    const [a] = await crowd(on, 'websocket', '');
    await a.send('2["broadcast_ack","no such room","ask",9000]');
    await a.next();
  });
  scenario('broadcast with acknowledgements: one leaves', { own: 'leaver' },
    async (on) => {
      const room = fresh();
      const [asker, a, b] = await crowd(on, 'websocket', '', room, room);
      await asker.send(`2["broadcast_ack","${room}","ask",4000]`);
      const id = /^42(\d+)\[/.exec(await a.engine.recvPacket(15000))[1];
      await b.engine.recvPacket(15000);
      await a.send(`3${id}["here"]`);
      await a.fence();
      b.drop();
      await asker.next();
    });

  both('catch-all', async (on, transport) => {
    const e = await on.sio(transport);
    await e.send('2["one"]', '2["two",1]', '21["recorded"]');
    await e.next();
  });
  both('socket.data', async (on, transport) => {
    const e = await on.sio(transport);
    await e.send('21["data_set","a",{"b":1}]', '22["data_get","a"]',
      '23["data_get","none"]');
    await e.next(3);
  });
  both('events keep their order', async (on, transport) => {
    const e = await on.sio(transport);
    await e.send(...Array.from({ length: 20 }, (_, i) => `2["echo",${i}]`));
    await e.next(20);
  });
};
