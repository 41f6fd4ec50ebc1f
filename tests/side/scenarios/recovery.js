// SPDX-License-Identifier: MIT
'use strict';
// Connection state recovery (section 1.8), by hand and by the official client.
const RECOVERY = { recovery: 60000 };

// The offset of an event: its last argument. It gets a name.
function offsetOf(on, packet, name) {
  const list = JSON.parse(/\[.*\]$/s.exec(packet)[0]);
  const offset = list[list.length - 1];
  on.words.hide(offset, name);
  return offset;
}

async function begun(on, transport) {
  const e = await on.sio(transport);
  const room = `~room of ${e.id}`;
  await e.send(`21["join","${room}"]`, '22["keep",{"a":1}]');
  await e.next(2);
  await e.send(`2["to_room","${room}","first",1]`);
  const packet = await e.engine.recvPacket(15000);
  e.offset = offsetOf(on, packet, 'OFFSET');
  e.see(packet);
  return { e, room };
}

async function lost(on, e) {
  if (e.engine.ws) e.drop();
  else await e.engine.post('1');
  await on.reasonOf(e.id);
}

module.exports = ({ both, scenario }) => {
  both('recovery: CONNECT has a pid', RECOVERY, async (on, transport) => {
    await on.sio(transport);
  });
  both('recovery: what was missed comes', RECOVERY, async (on, transport) => {
    const { e, room } = await begun(on, transport);
    await lost(on, e);
    const other = await on.quiet();
    await other.send(`2["to_room","${room}","missed",1]`,
      `2["to_room","not ${room}","not mine",1]`,
      `2["emit_id","${e.id}","mine",2]`,
      `2["to_volatile","${room}","volatile",3]`,
      `51-["to_room","${room}","bin",{"_placeholder":true,"num":0}]`,
      Buffer.from([1, 2]), '29["echo"]');
    await other.engine.recv();
    const back = await on.engine(transport);
    await back.send(`0${JSON.stringify({ pid: e.pid, offset: e.offset })}`);
    for (let i = 0; i < 3; i++) {
      const packet = await back.engine.recvPacket(15000);
      offsetOf(on, packet, `OFFSET ${i}`);
      back.see(packet);
    }
    await back.next(2);
    await back.send('21["state"]', '22["who"]');
    await back.next(2);
    back.log.push(on.words.text(e.id));
  });
  both('recovery: nothing was missed', RECOVERY, async (on, transport) => {
    const { e } = await begun(on, transport);
    await lost(on, e);
    const back = await on.engine(transport);
    await back.join('/', { pid: e.pid, offset: e.offset });
    await back.send('21["state"]');
    await back.next();
  });
  for (const [name, change] of [['another pid', { pid: 'nope' }],
    ['another offset', { offset: 'nope' }], ['no offset', { offset: undefined }],
    ['a pid that is no text', { pid: 5 }],
    ['an offset that is no text', { offset: 123 }]]) {
    scenario(`recovery: ${name}`, RECOVERY, async (on) => {
      const { e } = await begun(on, 'websocket');
      await lost(on, e);
      const back = await on.engine('websocket');
      await back.join('/', { pid: e.pid, offset: e.offset, ...change });
      await back.send('21["state"]');
      await back.next();
      back.log.push(back.id === e.id ? 'the same' : 'another');
    });
  }
  for (const [name, how] of [['after DISCONNECT of the client', '1'],
    ['after disconnect(false)', '2["kick",false]'],
    ['after disconnect(true)', '2["kick",true]'],
    ['after a bad packet', '2["connect"]']]) {
    scenario(`recovery: ${name}`, RECOVERY, async (on) => {
      const { e } = await begun(on, 'websocket');
      await e.send(how);
      await e.reason();
      const back = await on.engine('websocket');
      await back.join('/', { pid: e.pid, offset: e.offset });
      await back.send('21["state"]');
      await back.next();
    });
  }
  scenario('recovery: twice with one pid', RECOVERY, async (on) => {
    const { e } = await begun(on, 'websocket');
    await lost(on, e);
    for (let i = 0; i < 2; i++) {
      const back = await on.engine('websocket');
      await back.join('/', { pid: e.pid, offset: e.offset });
      await back.send('21["state"]');
      await back.next();
    }
  });
  scenario('recovery: while the first is still connected', RECOVERY,
    async (on) => {
      const { e } = await begun(on, 'websocket');
      const back = await on.engine('websocket');
      await back.join('/', { pid: e.pid, offset: e.offset });
      await back.send('21["state"]');
      await back.next();
    });
  scenario('recovery: again and again', RECOVERY, async (on) => {
    const { e, room } = await begun(on, 'websocket');
    let { pid, offset } = e;
    let last = e;
    for (let i = 0; i < 3; i++) {
      await lost(on, last);
      const other = await on.quiet();
      await other.send(`2["to_room","${room}","round",${i}]`, '29["echo"]');
      await other.engine.recv();
      other.drop();
      const back = await on.engine('websocket');
      await back.send(`0${JSON.stringify({ pid, offset })}`);
      const packet = await back.engine.recvPacket(15000);
      offset = offsetOf(on, packet, `OFFSET ${i}`);
      back.see(packet);
      const hello = await back.next();
      pid = /"pid":"([^"]+)"/.exec(hello)[1];
      last = back;
      last.id = e.id;
      await back.send('21["state"]');
      await back.next();
    }
  });
  scenario('recovery: too late', { recovery: 100 }, async (on) => {
    const { e } = await begun(on, 'websocket');
    await lost(on, e);
    await on.sleep(400);
    const back = await on.engine('websocket');
    await back.join('/', { pid: e.pid, offset: e.offset });
    await back.send('21["state"]');
    await back.next();
  });
  scenario('recovery: acknowledged events have no offset', RECOVERY,
    async (on) => {
      const e = await on.sio('websocket');
      await e.send('2["call_me","ask",9000,1]');
      const packet = await e.engine.recvPacket(15000);
      e.log.push(packet.replace(/^42\d+/, '42N'));
    });
  scenario('recovery: a volatile event has no offset', RECOVERY, async (on) => {
    const e = await on.sio('websocket');
    await e.send('2["volatile_one","v",1]');
    await e.next();
  });
  scenario('recovery: another namespace', RECOVERY, async (on) => {
    const e = await on.sio('websocket', '/admin');
    const { pid } = e;
    await e.send('2/admin,["echo",1]');
    const offset = offsetOf(on, await e.engine.recvPacket(15000), 'OFFSET');
    e.drop();
    await on.reasonOf(e.id);
    const back = await on.engine('websocket');
    await back.join('/admin', { pid, offset });
    back.log.push(back.id === e.id ? 'the same' : 'another');
    await back.join('/', { pid, offset });
    back.log.push(back.id === e.id ? 'the same' : 'another');
  });
  scenario('recovery: the middleware is skipped', RECOVERY, async (on) => {
    const e = await on.sio('websocket', '/auth', { token: 'good' });
    const { pid } = e;
    await e.send('2/auth,["echo",1]');
    const offset = offsetOf(on, await e.engine.recvPacket(15000), 'OFFSET');
    e.drop();
    await on.reasonOf(e.id);
    const back = await on.engine('websocket');
    await back.join('/auth', { pid, offset, token: 'bad' });
  });
  scenario('recovery: the middleware runs if asked for',
    { ...RECOVERY, recoveryMiddlewares: 1 }, async (on) => {
      for (const token of ['bad', 'good']) {
        const e = await on.sio('websocket', '/auth', { token: 'good' });
        const { id, pid } = e;
        await e.send('2/auth,["echo",1]');
        const offset = offsetOf(on, await e.engine.recvPacket(15000),
          `OFFSET ${token}`);
        e.drop();
        await on.reasonOf(id);
        const back = await on.engine('websocket');
        await back.join('/auth', { pid, offset, token });
      }
    });
  scenario('recovery: it is off', async (on) => {
    const e = await on.sio('websocket');
    await e.join('/admin', { pid: 'x', offset: 'y' });
  });
  for (const way of ['polling', 'websocket']) {
    scenario(`recovery: the official client [${way}]`, RECOVERY, async (on) => {
      const c = on.client({ transports: [way] });
      await c.seen('connect');
      const { id } = c.socket;
      c.socket.on('n', (n, offset) => on.words.hide(offset, `OFFSET ${n}`));
      c.socket.offAny();
      c.socket.on('n', (n) => c.say(`event n ${n}`));
      const other = await on.quiet();
      for (let n = 0; n < 4; n++) {
        await other.send(`2["emit_id","${id}","n",${n}]`);
        await c.seen(`event n ${n}`);
        const count = c.log.filter((line) => /^connect/.test(line)).length;
        c.socket.io.engine.close();
        await on.until(async () => {
          await other.send(`28["count","${id}"]`);
          return /\[0\]/.test(await other.engine.recv());
        });
        c.socket.connect(); // not before the server knows that it was gone
        await on.until(() => c.log.filter(
          (line) => /^connect/.test(line)).length > count);
      }
      c.say(`the same id ${c.socket.id === id}`);
    });
  }
};
