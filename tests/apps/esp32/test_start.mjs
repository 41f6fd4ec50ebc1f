// SPDX-License-Identifier: MIT
// What the program says for those who set it up: where it listens, which
// address devices use, and why a page was refused; and what it believes of a
// proxy that it was told of.
//   node test_start.mjs PROGRAM
import assert from 'node:assert/strict';
import os from 'node:os';
import { Program, runSteps, until } from './program.mjs';

const said = (server, text) => until(`"${text}" in ${server.output}`,
  () => server.output.includes(text));

async function itNamesAnAddressThatDevicesCanUse() {
  const server = await new Program({ args: ['--host', '::'] }).start();
  const { port } = server;
  await said(server, `listening on http://[::]:${port} and http://0.0.0.0:${port}`);
  await said(server, `peal-esp32: http://localhost:${port}/\n`);
  const others = Object.values(os.networkInterfaces()).flat()
    .filter((one) => !one.internal && one.family === 'IPv4');
  await said(server, 'devices ');
  if (others.length === 0) {
    await said(server, 'devices on the network cannot reach it');
  } else {
    const found = /devices use (http:\/\/[^/]+\/)/.exec(server.output)?.[1];
    assert.ok(others.some((one) => found === `http://${one.address}:${port}/`), found);
    assert.equal((await fetch(`${found}api/oled-display/get`)).ok, true, 'it answers there');
  }
  assert.equal((await fetch(`http://[::1]:${port}/api/oled-display/get`)).ok, true, 'both families');
  await server.stop();
}

async function thisMachineAloneIsSaid() {
  const server = await new Program().start();
  await said(server, 'devices on the network cannot reach it');
  await server.stop();
}

async function aRefusedPageIsNamedWithTheOption() {
  const server = await new Program().start();
  const Origin = 'http://page.example';
  await assert.rejects(server.connect({ transports: ['polling'], extraHeaders: { Origin } }));
  await said(server, `origin ${Origin} refused`);
  await said(server, 'name it in --cors-origins');
  await server.stop();
}

async function linesAreForMachinesIfTheyAreToBe() {
  const server = await new Program({ args: ['--log-format', 'json'] }).start();
  const Origin = 'http://page.example';
  await assert.rejects(server.connect({ transports: ['polling'], extraHeaders: { Origin } }));
  await said(server, 'refused');
  await server.stop();
  const lines = server.output.split('\n').filter((line) => line.startsWith('{'))
    .map((line) => JSON.parse(line));
  const refused = lines.find((line) => line.msg.includes(Origin));
  assert.equal(refused.level, 'warn');
  assert.equal(refused.peer, '127.0.0.1');
  assert.ok(!Number.isNaN(Date.parse(refused.time)));
}

async function aProxyIsBelievedIfItIsNamed() {
  for (const named of [false, true]) {
    const server = await new Program({ args: ['--allowed-hosts', 'dash.example', ...(named ? ['--proxies', 'loopback'] : [])] }).start();
    const extraHeaders = {
      Origin: 'https://dash.example', 'X-Forwarded-For': '203.0.113.7',
      'X-Forwarded-Host': 'dash.example', 'X-Forwarded-Proto': 'https',
    };
    const joined = server.connect({ transports: ['websocket'], extraHeaders });
    if (named) await joined;
    else await assert.rejects(joined);
    await server.stop();
  }
}

await runSteps([itNamesAnAddressThatDevicesCanUse, thisMachineAloneIsSaid,
  aRefusedPageIsNamedWithTheOption, linesAreForMachinesIfTheyAreToBe,
  aProxyIsBelievedIfItIsNamed]);
