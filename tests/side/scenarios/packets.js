// SPDX-License-Identifier: MIT
'use strict';
// Packets of Socket.IO: how they are parsed, encoded and refused (section 3.4).

module.exports = ({ both }) => {
  // What closes a connection, and what does not: each is followed by an echo.
  const sent = (name, packets, nsp) => both(`packet: ${name}`, {},
    async (on, transport) => {
      const e = await on.sio(transport);
      const root = e.id;
      if (nsp) await e.join(nsp);
      await e.send(...packets, '2["echo","after"]');
      for (;;) {
        const packet = await e.engine.recvPacket(15000).catch((err) => err);
        if (packet instanceof Error) break;
        if (packet === '6') continue;
        e.see(packet);
        if (packet === '1' || packet === '42["echo","after"]') break;
      }
      // Closed? Then its socket has a reason.
      await on.until(async () => {
        const asker = await on.quiet();
        await asker.send(`25["log","${root}"]`,
          `26["count","${root}"]`);
        const log = await asker.engine.recv();
        const count = await asker.engine.recv();
        asker.drop();
        const reasons = JSON.parse(log.slice(2))[0];
        if (count === '36[1]') { e.log.push('stays'); return true; }
        if (!reasons.length) return false;
        e.log.push(on.words.text(`gone: ${reasons.map((one) => one.reason)}`));
        return true;
      });
    });

  sent('type 7', ['7["echo",1]']);
  sent('a letter', ['x']);
  sent('an empty message', ['']);
  sent('CONNECT of a namespace that is joined', ['0']);
  sent('CONNECT_ERROR', ['4{"message":"x"}']);
  sent('EVENT of a namespace that is not joined', ['2/admin,["echo",1]']);
  sent('DISCONNECT of a namespace that is not joined', ['1/admin,']);
  sent('ACK of a namespace that is not joined', ['3/admin,1[]']);
  sent('DISCONNECT with a payload', ['1{}']);
  sent('CONNECT with an array', ['0/admin,[]']);
  sent('CONNECT with a text', ['0/admin,"x"']);
  sent('CONNECT with null', ['0/admin,null']);
  sent('EVENT []', ['2[]']);
  sent('EVENT {}', ['2{}']);
  sent('EVENT [true]', ['2[true]']);
  sent('EVENT [null]', ['2[null]']);
  sent('EVENT of a number', ['2[5,"x"]']);
  sent('EVENT without a payload', ['2']);
  sent('EVENT of bad JSON', ['2["echo",}']);
  sent('EVENT with garbage behind it', ['2["echo",1]x']);
  sent('EVENT of a reserved name', ['2["connect"]']);
  sent('EVENT disconnecting', ['2["disconnecting"]']);
  sent('EVENT newListener', ['2["newListener"]']);
  sent('EVENT error', ['2["error",1]']);
  sent('ACK without an id', ['3["x"]']);
  sent('ACK of nobody', ['312345["x"]']);
  sent('ACK of an object', ['31{}']);
  sent('ids: leading zeros', ['2007["echo",1]']);
  sent('ids: 20 digits', ['212345678901234567890["echo",1]']);
  sent('ids: beyond 2^53', ['29007199254740993["echo",1]']);
  sent('ids: a blank', ['2 7["echo",1]']);
  sent('ids: minus', ['2-7["echo",1]']);
  sent('binary: attachments that are missing', ['51-["echo",1]', '2["echo",2]']);
  sent('binary: none is waited for', [Buffer.from([1])]);
  sent('binary: no count', ['5["echo",1]']);
  sent('binary: a count of none', ['50-["echo",1]']);
  sent('binary: a count without a dash', ['51["echo",1]']);
  sent('binary: 10 attachments', [`510-["echo",${Array.from({ length: 10 },
    (_, i) => `{"_placeholder":true,"num":${i}}`)}]`,
  ...Array.from({ length: 10 }, (_, i) => Buffer.from([i]))]);
  sent('binary: 11 attachments', [`511-["echo",${Array.from({ length: 11 },
    (_, i) => `{"_placeholder":true,"num":${i}}`)}]`]);
  sent('binary: a negative count', ['5-1-["echo",1]']);
  sent('binary: a fraction', ['51.5-["echo",1]']);
  sent('binary: a placeholder of none',
    ['51-["echo",{"_placeholder":true,"num":1}]', Buffer.from([1])]);
  sent('binary: a placeholder of text',
    ['51-["echo",{"_placeholder":true,"num":"0"}]', Buffer.from([1])]);
  sent('binary: a placeholder without a number',
    ['51-["echo",{"_placeholder":true}]', Buffer.from([1])]);
  sent('binary: a placeholder twice',
    ['51-["echo",{"_placeholder":true,"num":0},{"_placeholder":true,"num":0}]',
      Buffer.from([1, 2])]);
  sent('binary: attachments that nobody uses', ['51-["echo",1]', Buffer.from([1])]);
  sent('binary: one that is no placeholder',
    ['51-["echo",{"_placeholder":false,"num":0}]', Buffer.from([1])]);
  sent('binary: acknowledged',
    ['51-3["echo",{"_placeholder":true,"num":0}]', Buffer.from([9])]);
  sent('binary: in a namespace',
    ['51-/admin,3["echo",{"_placeholder":true,"num":0}]', Buffer.from([9])],
    '/admin');
  sent('binary: deep inside',
    ['52-["echo",{"a":[{"b":{"_placeholder":true,"num":0}}],"c":' +
      '{"_placeholder":true,"num":1}}]', Buffer.from([1]), Buffer.from([2])]);
  sent('a namespace without a comma', ['2/admin'], '/admin');
  sent('a namespace with a query', ['0/admin?a=b,']);
  sent('JSON: numbers',
    ['2["echo",12345678901234567890,1e400,-0,1E2,0.1e1,1.50]']);
  sent('JSON: integers of 64 bits', ['2["echo",9007199254740993]']);
  sent('JSON: texts', ['2["echo","\\u00e9\\/\\ud83d\\ude00\\u0000\\b"]']);
  sent('JSON: a lone surrogate', ['2["echo","\\ud83d"]']);
  sent('JSON: line separators', ['2["echo","\u2028\u2029\u007f"]']);
  sent('JSON: blanks', ['2[ "echo" , {"a" : 1} ]']);
  sent('JSON: keys twice', ['2["echo",{"a":1,"a":2}]']);
  sent('JSON: keys that are numbers', ['2["echo",{"b":1,"2":1,"1":1}]']);
  sent('JSON: __proto__', ['2["echo",{"__proto__":{"x":1}}]']);
  sent('JSON: depth 100', [`2["echo",${'['.repeat(100)}${']'.repeat(100)}]`]);
  sent('JSON: depth 1000', [`2["echo",${'['.repeat(1000)}${']'.repeat(1000)}]`]);
  sent('an acknowledgement of nothing', ['21["echo"]']);
  sent('an acknowledgement of several values', ['21["echo",1,"a",null,{"b":[]}]']);
  sent('an acknowledgement in a namespace', ['2/admin,5["echo",1]'], '/admin');
  sent('two acknowledgements of one event', ['21["ack_twice","x"]']);
  sent('an acknowledgement that never comes', ['21["ack_never"]']);
  sent('an event that nobody handles', ['2["nobody",1]']);
  sent('an event that nobody handles, and an id', ['21["nobody",1]']);
};
