// SPDX-License-Identifier: MIT
// What is older than --keep-time goes, and nothing that is needed still.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import path from 'node:path';
import { admin, changeStore, runSteps, startHospital, until } from './ward.mjs';

const server = await startHospital({ args: ['--keep-time', '1h'] });
const boss = await admin(server);
const look = (sql) => JSON.parse(spawnSync('python3', ['-c',
  'import json, sqlite3, sys\nprint(json.dumps(sqlite3.connect(sys.argv[1]).execute(sys.argv[2]).fetchall()))',
  path.join(server.dataDir, 'hospital.db'), sql], { encoding: 'utf8' }).stdout);

async function onlyWhatIsOverGoes() {
  const make = async (message) => (await boss.must('POST', '/api/alerts',
    { patient_id: '7', severity: 'critical', message })).id;
  const [over, open] = [await make('over'), await make('open')];
  await boss.must('POST', `/api/alerts/${over}/resolve`);
  await boss.must('POST', '/api/patients', { patient_id: '7', name: 'a', ward: 'b' });
  await boss.must('PATCH', '/api/patients/7', { name: 'b' });
  const [[last]] = look('SELECT max(seq) FROM journal');
  await server.stop();
  changeStore(server.dataDir, 'hospital.db', 'UPDATE alerts SET ts = ts - 7200000');
  changeStore(server.dataDir, 'hospital.db', 'UPDATE journal SET ts = ts - 7200000');
  await server.start();
  await until('it is gone', () => look('SELECT id FROM alerts').length === 1);
  assert.deepEqual(look('SELECT id FROM alerts'), [[open]]);
  // the last of each thing, and the last number
  assert.deepEqual(look('SELECT kind, key FROM journal ORDER BY id'),
    [['staff', 'admin'], ['alert', String(open)], ['patient', '7']]);
  assert.deepEqual(look('SELECT max(seq) FROM journal'), [[last]]);
  assert.equal((await boss.must('GET', '/api/patients')).data[0].name, 'b');
}

const itEnds = () => server.stop();
await runSteps([onlyWhatIsOverGoes, itEnds]);
