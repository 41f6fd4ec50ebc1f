// SPDX-License-Identifier: MIT
// Whole simulated tests, time-scaled, while the backend is killed, restarted and
// cut off at random moments: every result arrives once, in order.
import assert from 'node:assert/strict';
import {
  Backend, Device, StandIn, Way, backendBinary, dice, freePort, newFolder, runAll, sleep, test,
} from './rig.mjs';

const DEVICES = 3;
const SCALE = 240; // 30 minutes are 7.5 seconds

// One thing that goes wrong, and how long it stays so.
async function mischief(roll, backend, way) {
  switch (roll(5)) {
    case 0:
      await backend.kill('SIGKILL');
      await sleep(roll(800));
      await backend.start();
      break;
    case 1:
      await backend.kill('SIGTERM');
      await backend.start();
      break;
    case 2:
      way.cut();
      break;
    case 3: // nobody is let in
      way.mode = 'shut';
      way.cut();
      await sleep(roll(1500));
      break;
    default: // half-open: nothing arrives, nobody says so
      way.mode = 'still';
      await sleep(roll(2500));
      way.cut();
  }
  way.mode = 'open';
}

async function outages(seed, backend, way) {
  const roll = dice(seed);
  await backend.start();
  await way.open();
  const devices = [];
  for (let i = 0; i < DEVICES; i += 1) {
    devices.push(new Device(way.url, newFolder('device'),
      ['--simulate', '--time-scale', String(SCALE), '--seed', String(seed * 10 + i + 1),
        '--test-id', `SIM-SV30-2026-01-0${i + 1}-001-M`, '--test-type', 'morning']));
  }
  let hits = 0;
  let over = false;
  const all = Promise.all(devices.map((d) => d.gone)).then(() => { over = true; });
  while (!over && hits < 40) {
    await sleep(200 + roll(900));
    if (over) break;
    await mischief(roll, backend, way);
    hits += 1;
  }
  await all;
  assert.ok(hits >= 4, `${hits} outages`);
  for (const device of devices) {
    assert.equal(device.code, 0, device.output);
    assert.match(device.output, /: 0 results stay in the spool/);
  }
  way.close();
}

async function assertOnce(backend) {
  for (let i = 0; i < DEVICES; i += 1) {
    const found = await backend.results(`SIM-SV30-2026-01-0${i + 1}-001-M`);
    assert.deepEqual(found.map((r) => r.t_min), [0, 30]);
    assert.ok(found[1].sludge_height_mm < found[0].sludge_height_mm);
    const sunk = (found[1].mixture_height_mm - found[1].sludge_height_mm) / 30;
    assert.ok(Math.abs(found[1].velocity_mm_per_min - sunk) < 0.06, 'the mean velocity');
    const span = Date.parse(found[1].timestamp) - Date.parse(found[0].timestamp);
    assert.equal(span, 30 * 60000);
  }
}

// Slow builds live through fewer.
const few = Boolean(process.env.PEAL_SANITIZE);
for (const seed of few ? [1] : [1, 2, 3]) {
  test(`outages of seed ${seed}: every result arrives once, in order`, async () => {
    const backend = new StandIn(await freePort());
    await outages(seed, backend, new Way(backend.port));
    await assertOnce(backend);
    assert.equal(backend.stored().length, 2 * DEVICES);
    for (let i = 0; i < DEVICES; i += 1) { // repeats, too
      const arrived = backend.arrived()
        .filter((r) => r.testId.startsWith(`SIM-SV30-2026-01-0${i + 1}`)).map((r) => r.t_min);
      assert.deepEqual(arrived, [...arrived].sort((a, b) => a - b));
    }
    await backend.kill('SIGKILL');
  });
}

if (backendBinary) {
  for (const seed of few ? [4] : [4, 5]) {
    test(`outages of seed ${seed}: the same with the program's own backend`, async () => {
      const backend = new Backend(await freePort());
      await outages(seed, backend, new Way(backend.port));
      await assertOnce(backend);
      await backend.kill('SIGKILL');
    });
  }
}

await runAll();
