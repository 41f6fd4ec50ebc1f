// SPDX-License-Identifier: MIT
// The parser of examples/parser/main.c for socket.io and socket.io-client.
//
//   const msgpack = require('socket.io-msgpack-parser');
//   const Emitter = require('component-emitter');
//   io(url, { parser: require('./parser')(msgpack, Emitter) });
'use strict';

const OTHER = 0;
const READING = 1;
const READING_BYTES = 7;
const EVENT = 2;

const isReading = ({ type, nsp, id, data }) => type === EVENT && nsp === '/' &&
  id === undefined && data.length === 3 && data[0] === 'reading' &&
  Number.isInteger(data[1]) && data[1] >= 0 && data[1] < 65536 &&
  typeof data[2] === 'number';

module.exports = (msgpack, Emitter) => {
  class Encoder {
    encode(packet) {
      if (isReading(packet)) {
        const bytes = new DataView(new ArrayBuffer(READING_BYTES));
        bytes.setUint8(0, READING);
        bytes.setUint16(1, packet.data[1]);
        bytes.setFloat32(3, packet.data[2]);
        return [new Uint8Array(bytes.buffer)];
      }
      const [rest] = new msgpack.Encoder().encode(packet);
      const bytes = new Uint8Array(rest.length + 1);
      bytes[0] = OTHER;
      bytes.set(rest, 1);
      return [bytes];
    }
  }

  class Decoder extends Emitter {
    add(message) {
      const bytes = new Uint8Array(message.buffer || message,
        message.byteOffset || 0, message.byteLength);
      if (bytes[0] === READING && bytes.length === READING_BYTES) {
        const view = new DataView(bytes.buffer, bytes.byteOffset);
        this.emit('decoded', {
          type: EVENT, nsp: '/',
          data: ['reading', view.getUint16(1), view.getFloat32(3)],
        });
      } else if (bytes[0] === OTHER) {
        const inner = new msgpack.Decoder();
        inner.on('decoded', (packet) => this.emit('decoded', packet));
        inner.add(message.subarray ? message.subarray(1) : message.slice(1));
      } else {
        throw new Error('no packet');
      }
    }

    destroy() {}
  }

  return { Encoder, Decoder };
};
