// SPDX-License-Identifier: MIT
// desk: a program that is sent pictures, and the pictures.
import http from 'node:http';
import { Program, until } from '../common/program.mjs';

export * from '../common/program.mjs';

// 64 by 48 grey pixels.
export const picture = Buffer.from('/9j/4AAQSkZJRgABAQAAAQABAAD/2wBDABsSFBcUERsXFhceHBsgKEIrKCUlKFE6PTBCYFVlZF9VXVtqeJmBanGQc1tdhbWGkJ6jq62rZ4C8ybqmx5moq6T/wAALCAAwAEABAREA/8QAHwAAAQUBAQEBAQEAAAAAAAAAAAECAwQFBgcICQoL/8QAtRAAAgEDAwIEAwUFBAQAAAF9AQIDAAQRBRIhMUEGE1FhByJxFDKBkaEII0KxwRVS0fAkM2JyggkKFhcYGRolJicoKSo0NTY3ODk6Q0RFRkdISUpTVFVWV1hZWmNkZWZnaGlqc3R1dnd4eXqDhIWGh4iJipKTlJWWl5iZmqKjpKWmp6ipqrKztLW2t7i5usLDxMXGx8jJytLT1NXW19jZ2uHi4+Tl5ufo6erx8vP09fb3+Pn6/9oACAEBAAA/AOdValValVakValValValVakVaw1WpVWpFWpVWpVWpVWpFWpVWsNVqRVqVVqVVqVVqRVqVVqVVrCValValValVakValValValVawlWpVWpVWpFWpVWpVWpVWpFWsNVqVVqRVqVVqVVqVVqRVqVVr/9k=', 'base64');

// The points of somebody who sits in front of the camera, head lower by `sunk`.
export function points(sunk = 0) {
  const all = Array.from({ length: 33 }, () => ({ x: 0.5, y: 1.3, z: 0, visibility: 0.1 }));
  const put = (i, x, y) => { all[i] = { x, y, z: 0, visibility: 0.95 }; };
  put(0, 0.5, 0.37 + sunk);
  put(7, 0.56, 0.35 + sunk);
  put(8, 0.44, 0.35 + sunk);
  put(11, 0.65, 0.55);
  put(12, 0.35, 0.55);
  return all;
}

export const good = points();
export const bad = points(0.12);
export const nobody = [];

export function form(landmarks, jpeg = picture) {
  const parts = new FormData();
  parts.append('frame', new Blob([jpeg], { type: 'image/jpeg' }), 'frame.jpg');
  if (landmarks !== undefined) {
    parts.append('landmarks', typeof landmarks === 'string' ? landmarks : JSON.stringify(landmarks));
  }
  return parts;
}

export const send = (socket, event, ...args) =>
  new Promise((done, fail) => {
    socket.timeout(20000).emit(event, ...args, (err, answer) => (err ? fail(err) : done(answer)));
  });

export class Desk extends Program {
  constructor({ args = [], env = {}, ...rest } = {}) {
    super({ args: ['--source', 'push', ...args], env: { CAMERA_FPS_TARGET: '50', ...env }, ...rest });
  }

  push(landmarks, headers = {}) {
    return this.ask('POST', '/api/frames', { body: form(landmarks), headers });
  }

  // The same sight again and again, until `check` holds.
  feed(what, landmarks, check, limitMs = 15000) {
    return until(what, async () => {
      const { status, text } = await this.push(landmarks);
      if (status !== 200) throw new Error(`a picture was refused: ${text}`);
      return check();
    }, limitMs);
  }

  // With any header, Host too, which fetch keeps for itself.
  raw(method, where, headers = {}, body = undefined) {
    return new Promise((done, fail) => {
      const req = http.request(`${this.url}${where}`, { method, headers, agent: false }, (res) => {
        const pieces = [];
        res.on('data', (piece) => pieces.push(piece));
        res.on('end', () => {
          const text = Buffer.concat(pieces).toString();
          let json;
          try {
            json = JSON.parse(text);
          } catch {
            // not every answer is JSON
          }
          done({ status: res.statusCode, headers: res.headers, text, json });
        });
      });
      req.on('error', fail);
      req.end(body);
    });
  }
}

export const last = (socket, name) => socket.seen.findLast(([one]) => one === name)?.[1];
export const all = (socket, name) => socket.seen.filter(([one]) => one === name).map(([, data]) => data);
