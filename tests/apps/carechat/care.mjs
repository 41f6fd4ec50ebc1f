// SPDX-License-Identifier: MIT
// care: people and devices of CareChat.
import { createRequire } from 'node:module';
import path from 'node:path';

export * from '../common/program.mjs';
export const { io, Manager } = createRequire(import.meta.url)(path.resolve(
  import.meta.dirname ?? path.dirname(new URL(import.meta.url).pathname),
  '../../../node_modules/socket.io-client'));

export const password = 'correct horse battery';
export const bearer = (who) => ({ Authorization: `Bearer ${who.token}` });
export const json = (key) => ({ 'X-Device-Key': key });

// {token, room, id, username, cookie}
export async function signUp(server, username) {
  const { status, json: body, headers, text } =
    await server.post('/api/register', { username, password });
  if (status !== 200 && status !== 201) throw new Error(`register: ${status} ${text}`);
  return {
    username, token: body.access_token, room: body.room, id: body.user.id,
    cookie: headers.getSetCookie()[0]?.split(';')[0],
  };
}

// The key of a device of this person.
export async function addDevice(server, who, deviceId) {
  const { status, json: body, text } = await server.post('/api/devices',
    { device_id: deviceId }, { headers: bearer(who) });
  if (status !== 200) throw new Error(`device: ${status} ${text}`);
  return body.device_key;
}

export const reading = (deviceId, metric = 'heart_rate', value = 72, unit = 'bpm', more = {}) =>
  ({ device_id: deviceId, metric, value, unit, ...more });
export const sendReading = (server, key, body) =>
  server.post('/api/vitals', body, { headers: { 'X-Device-Key': key } });

// The answer to an event.
export const send = (socket, name, ...args) => socket.timeout(8000).emitWithAck(name, ...args);

// Why it may not connect.
export const refusal = (server, auth, options = {}) => server.connect({ auth, ...options }).then(
  () => { throw new Error('it was let in'); }, (error) => error);
