// SPDX-License-Identifier: MIT
'use strict';
// Namespaces that clients make (section 1.6).
const nameOf = (() => {
  let n = 100;
  return () => `/dyn-${++n}`;
})();

module.exports = ({ scenario, both }) => {
  const named = (on, text) => {
    const nsp = nameOf();
    on.words.hide(nsp, text);
    return nsp;
  };
  both('dynamic: a child of a pattern', async (on, transport) => {
    const nsp = named(on, '/CHILD');
    const e = await on.sio(transport, nsp);
    await e.send(`2${nsp},1["where"]`, `2${nsp},["echo",1]`);
    await e.next(2);
  });
  scenario('dynamic: what no parent takes', async (on) => {
    const e = await on.engine('websocket');
    for (const nsp of ['/dyn-x', '/dyn-', '/DYN-1', '/dyn-1/', '/fn-x']) {
      await e.join(nsp);
    }
  });
  scenario('dynamic: children are apart', async (on) => {
    const [one, two] = [named(on, '/ONE'), named(on, '/TWO')];
    const a = await on.sio('websocket', one);
    const b = await on.sio('websocket', two);
    const c = await on.sio('websocket', one);
    await a.send(`2${one},["to_own",1]`);
    for (const [e, nsp] of [[a, one], [b, two], [c, one]]) await e.fence(nsp);
  });
  scenario('dynamic: the parent emits to all children', { own: 'parent' },
    async (on) => {
      const [one, two] = [named(on, '/ONE'), named(on, '/TWO')];
      const a = await on.sio('websocket', one);
      const b = await on.sio('websocket', two);
      const c = await on.sio('websocket');
      await a.send(`2${one},["to_all","x",{"y":1}]`);
      await a.fence(one);
      await b.fence(two);
      await c.fence();
    });
  scenario('dynamic: middleware of the parent', async (on) => {
    const nsp = named(on, '/CHILD');
    const e = await on.engine('websocket');
    await e.join(nsp, { bad: true });
    await e.join(nsp);
    await e.fence(nsp);
  });
  both('dynamic: a function says yes', async (on, transport) => {
    const e = await on.sio(transport, '/fn-yes', { ok: true });
    await e.send('2/fn-yes,1["where"]');
    await e.next();
  });
  scenario('dynamic: a function says no', async (on) => {
    const e = await on.engine('websocket');
    await e.join('/fn-no', { ok: false });
    await e.join('/fn-no');
  });
  scenario('dynamic: a function is asked once', { own: 'asked once' },
    async (on) => {
      const e = await on.engine('websocket');
      await e.join('/fn-there');
      await e.join('/fn-there', { ok: true });
      const other = await on.engine('websocket');
      await other.join('/fn-there');
    });
  scenario('dynamic: one that is made by its name', async (on) => {
    const e = await on.sio('websocket', '/dyn-7777');
    await e.send('2/dyn-7777,1["where"]');
    await e.next();
    await e.join('/dyn-7777x');
  });
  scenario('dynamic: DISCONNECT, and again', async (on) => {
    const nsp = named(on, '/CHILD');
    const e = await on.sio('websocket');
    await e.join(nsp);
    await e.send(`1${nsp},`);
    await e.fence();
    await e.join(nsp);
    await e.fence(nsp);
  });
  for (const transports of [['polling'], ['websocket']]) {
    scenario(`client: a dynamic namespace [${transports}]`, async (on) => {
      const nsp = named(on, '/CHILD');
      const c = on.client({ nsp, transports });
      await c.seen('connect');
      await c.ask('where');
      await c.ask('echo', Buffer.from([1]));
    });
  }
};
