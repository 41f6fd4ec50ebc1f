// SPDX-License-Identifier: MIT
// --simulate: wards, beds and patients by the public endpoints, marked as such.
import assert from 'node:assert/strict';
import { spawn } from 'node:child_process';
import { admin, heard, runSteps, startHospital, until } from './ward.mjs';

const simulator = process.argv[3];
const server = await startHospital({ args: ['--simulate', '1'] });
const boss = await admin(server);

async function wardsFillThemselves() {
  const patients = await until('six patients', async () => {
    const { data } = await boss.must('GET', '/api/patients');
    return data.length === 6 && data;
  }, 20000);
  assert.ok(patients.every((p) => p.simulated && p.patient_id.startsWith('SIM')));
  await until('six beds', async () => (await boss.must('GET', '/api/beds')).data.length === 6, 20000);
  const screen = await boss.connect();
  await screen.timeout(5000).emitWithAck('join_hospital', { hospital_id: 'main' });
  const risk = await heard(screen, 'risk_update');
  assert.equal(typeof risk.score, 'number');
  assert.equal((await server.get('/health')).json.simulated, true);
}

async function theSimulatorStopsAndSaysWhatIsWrong() {
  const child = spawn(simulator, ['--url', server.url, '--user', 'nobody'],
    { env: { ...process.env, PEAL_DEVICE_KEY: 'wrong' }, stdio: ['ignore', 'ignore', 'pipe'] });
  let said = '';
  child.stderr.on('data', (bytes) => { said += bytes; });
  await until('it says so', () => /status 401/.test(said));
  const gone = new Promise((done) => { child.once('close', (code) => done(code)); });
  child.kill('SIGTERM');
  assert.equal(await gone, 0);
}

const itEndsWithTheProgram = () => server.stop();
await runSteps([wardsFillThemselves, theSimulatorStopsAndSaysWhatIsWrong, itEndsWithTheProgram]);
