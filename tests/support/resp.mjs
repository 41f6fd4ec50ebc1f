// SPDX-License-Identifier: MIT
// resp: one command to a Redis over a connection of its own, for tests that
// have no client package at hand.
import net from 'node:net';

// One reply at `at`: [value, where it ends]; undefined if bytes are missing.
function parse(bytes, at) {
  const end = bytes.indexOf('\r\n', at);
  if (end < 0) return undefined;
  const head = bytes.toString('utf8', at + 1, end);
  switch (String.fromCharCode(bytes[at])) {
    case '+': return [head, end + 2];
    case '-': return [new Error(head), end + 2];
    case ':': return [Number(head), end + 2];
    case '$': return parseText(bytes, end + 2, Number(head));
    case '*': return parseList(bytes, end + 2, Number(head));
    default: throw new Error(`not a reply: ${bytes.toString('latin1', at, at + 40)}`);
  }
}

function parseText(bytes, at, size) {
  if (size < 0) return [null, at];
  if (bytes.length < at + size + 2) return undefined;
  return [bytes.toString('utf8', at, at + size), at + size + 2];
}

function parseList(bytes, at, count) {
  if (count < 0) return [null, at];
  const list = [];
  for (let i = 0; i < count; i += 1) {
    const found = parse(bytes, at);
    if (!found) return undefined;
    list.push(found[0]);
    at = found[1];
  }
  return [list, at];
}

export function respCommand(where, words) {
  const request = [`*${words.length}\r\n`, ...words.map((word) =>
    `$${Buffer.byteLength(String(word))}\r\n${word}\r\n`)].join('');
  return new Promise((done, fail) => {
    const socket = net.connect(where);
    let bytes = Buffer.alloc(0);
    socket.setTimeout(10000, () => socket.destroy(new Error(`no reply to ${words[0]}`)));
    socket.on('error', fail);
    socket.on('close', () => fail(new Error('closed without a reply')));
    socket.on('connect', () => socket.write(request));
    socket.on('data', (chunk) => {
      bytes = Buffer.concat([bytes, chunk]);
      const found = parse(bytes, 0);
      if (!found) return;
      if (found[0] instanceof Error) fail(found[0]);
      else done(found[0]);
      socket.destroy();
    });
  });
}
