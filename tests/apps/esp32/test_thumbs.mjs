// SPDX-License-Identifier: MIT
// What a gallery loads: small pictures, made when the large ones are stored.
//   node test_thumbs.mjs PROGRAM
import assert from 'node:assert/strict';
import fs from 'node:fs';
import path from 'node:path';
import { heard, Program, png, runSteps, until } from './program.mjs';

let server;
const folder = () => path.join(server.dataDir, 'thumbs');
const upload = (body) => server.post('/upload?device_id=CAM', body, { type: 'image/png' });
const newest = async () => (await server.get('/api/images?limit=1')).json.data[0];

// Width and height in the frame header of a JPEG (T.81 B.2.2).
function sizeOf(jpeg) {
  for (let at = 2; at < jpeg.length; at += 2 + jpeg.readUInt16BE(at + 2)) {
    if (jpeg[at + 1] === 0xc0) return [jpeg.readUInt16BE(at + 7), jpeg.readUInt16BE(at + 5)];
  }
  throw new Error('no JPEG');
}

async function aThumbIsMadeWhenAPictureIsStored() {
  server = await new Program({ args: ['--max-images', '4'] }).start();
  const page = await server.connect();
  assert.equal((await upload(png(2048, 1024))).text, 'OK');
  const told = await heard(page, 'camera_update');
  const one = await newest();
  assert.equal(told.thumb_url, one.thumb_url);
  await until('it is there before it is asked for', () => fs.readdirSync(folder()).some((name) => name.endsWith('.jpg')));
  const thumb = await server.get(one.thumb_url);
  assert.equal(thumb.status, 200);
  assert.equal(thumb.headers.get('content-type'), 'image/jpeg');
  assert.match(thumb.headers.get('cache-control'), /immutable/);
  assert.deepEqual(sizeOf(thumb.bytes), [256, 128]);
  assert.ok(thumb.bytes.length < 8192);
}

async function aBrokenPictureHasAPlaceholder() {
  const whole = png(64, 48);
  const broken = Buffer.concat([whole.subarray(0, 45), Buffer.alloc(40, 0xff)]);
  assert.equal((await upload(broken)).text, 'OK', 'its head is right');
  for (let i = 0; i < 2; i += 1) {
    const thumb = await server.get((await newest()).thumb_url);
    assert.equal(thumb.status, 200);
    assert.equal(thumb.headers.get('content-type'), 'image/svg+xml');
    assert.match(thumb.text, /^<svg /);
  }
}

// As it is with pictures of an older version, all of a gallery at once.
async function missingOnesAreMadeWhenAskedFor() {
  for (let i = 0; i < 3; i += 1) await upload(png(600 + i, 300));
  const data = await until('the oldest has gone, the others are made', async () => {
    const kept = (await server.get('/api/images')).json.data;
    const made = new Set(fs.readdirSync(folder()).map((name) => name.slice(0, -4)));
    return kept.length === 4 && kept.every((one) => made.has(path.basename(one.url))) && kept;
  });
  for (const name of fs.readdirSync(folder())) fs.unlinkSync(path.join(folder(), name));
  const answers = await Promise.all(Array.from({ length: 40 }, (_, i) => server.get(data[i % 3].thumb_url)));
  for (const one of answers) assert.equal(one.headers.get('content-type'), 'image/jpeg');
  for (const name of ['image-1.png', 'audio-20260101-000000-abcdefabcdef.wav', '..%2fesp32.db', 'image-x.jpg.jpg',
    'image-20260101-000000-abcdefabcdef.png']) {
    assert.equal((await server.get(`/media/thumbs/${name}`)).status, 404, name);
  }
}

// Each time anew, so that several make the same one at the same time: who comes
// first must not see half of it, nor take it from the others.
async function askedForByManyAtOnceItIsWhole() {
  const several = await new Program({ args: ['--workers', '4'] }).start();
  const own = path.join(several.dataDir, 'thumbs');
  await several.post('/upload?device_id=CAM', png(320, 240), { type: 'image/png' });
  const url = (await several.get('/api/images')).json.data[0].thumb_url;
  const made = () => fs.existsSync(own) && fs.readdirSync(own);
  await until('it is made', () => made().length === 1 && made()[0].endsWith('.jpg'));
  for (let round = 0; round < 40; round += 1) {
    fs.unlinkSync(path.join(own, made()[0]));
    const answers = await Promise.all(Array.from({ length: 16 }, () => several.get(url)));
    for (const one of answers) {
      assert.equal(one.headers.get('content-type'), 'image/jpeg');
      assert.deepEqual(sizeOf(one.bytes), [320, 240]);
    }
    await until('one file is left', () => made().length === 1);
  }
  await several.stop();
}

async function theyGoWithTheirPictures() {
  for (let i = 0; i < 6; i += 1) await upload(png(40 + i, 30));
  const names = async () => (await server.get('/api/images')).json.data.map((one) => path.basename(one.url)).sort();
  const small = () => fs.readdirSync(folder()).map((name) => name.slice(0, -4)).sort();
  await until('as many as pictures', async () => {
    const [have, want] = [small(), await names()];
    return want.length === 4 && have.join() === want.join();
  });
  const kept = await names();
  await server.stop();
  fs.writeFileSync(path.join(folder(), 'image-20200101-000000-abcdefabcdef.png.jpg'), 'left over');
  fs.writeFileSync(path.join(folder(), `${kept[0]}.7.part`), 'half of one');
  await server.start();
  assert.deepEqual(small(), await names());
  await server.stop();
}

await runSteps([aThumbIsMadeWhenAPictureIsStored, aBrokenPictureHasAPlaceholder, missingOnesAreMadeWhenAskedFor,
  askedForByManyAtOnceItIsWhole, theyGoWithTheirPictures]);
