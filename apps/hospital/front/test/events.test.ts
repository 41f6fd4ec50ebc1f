// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import test from 'node:test';
import { Listeners } from '../src/services/listeners.ts';
import { alertRow, namesOf } from '../src/services/payloads.ts';
import { Rooms, type Answer } from '../src/services/rooms.ts';

test('payloads of the first edition become rows', () => {
  const row = alertRow({ alert_type: 'emergency', patient_id: 7, timestamp: '2026-01-02T03:04:05.678901' })!;
  assert.equal(row.severity, 'critical');
  assert.equal(row.patient_id, '7');
  assert.equal(row.id, undefined);
  assert.equal(Date.parse(row.timestamp), Date.parse('2026-01-02T03:04:05.678Z'));
  assert.equal(row.message, 'Alert for patient 7');
});

test('nonsense is nothing, or an alert with what it lacks', () => {
  for (const said of [null, undefined, 'x', 7, [], [1]]) assert.equal(alertRow(said), null);
  const row = alertRow({ severity: 'constructor', id: -1, timestamp: {}, message: {} })!;
  assert.equal(row.severity, 'info');
  assert.equal(row.id, undefined);
  assert.equal(row.message, 'Alert');
  assert.ok(!Number.isNaN(Date.parse(row.timestamp)));
});

test('an alert that does not say of whom is a patient\'s by its event', () => {
  const ofPatient = (event: string, said: object) => (namesOf(event, said)[0]![1] as { of_patient?: boolean }).of_patient;
  assert.equal(ofPatient('patient_alert', { message: 'x' }), true);
  assert.equal(ofPatient('patient_alert', { message: 'x', patient_id: 7 }), undefined);
  assert.equal(ofPatient('hospital_alert', { message: 'x' }), undefined);
});

test('times of other zones stay what they are', () => {
  assert.equal(alertRow({ timestamp: '2026-01-02T03:04:05+02:00' })!.timestamp, '2026-01-02T03:04:05+02:00');
  assert.equal(alertRow({ timestamp: '2026-01-02T03:04:05.000Z' })!.timestamp, '2026-01-02T03:04:05.000Z');
});

test('events have their first names, too', () => {
  const names = (event: string, said: unknown) => namesOf(event, said).map(([name]) => name);
  assert.deepEqual(names('risk_update', { score: 5, level: 'medium' }), ['risk_update', 'risk_updated']);
  assert.deepEqual(names('bed_status', { bed_id: 'A1' }), ['bed_status', 'bed_status_changed']);
  assert.deepEqual(names('patient_alert', { message: 'x' }), ['patient_alert']);
  assert.deepEqual(names('patient_alert', 'x'), ['patient_alert']);
  assert.deepEqual(names('unheard_of', { a: 1 }), ['unheard_of']);
  const [, risk] = namesOf('risk_update', { score: 5, level: 'medium', reasons: ['r'] })[1] as [string, Record<string, unknown>];
  assert.equal(risk.risk_score, 0.25);
  assert.equal(risk.risk_level, 'medium');
});

test('one listener that throws keeps nobody else from hearing', () => {
  const listeners = new Listeners();
  const heard: unknown[] = [];
  const { error } = console;
  console.error = () => {};
  listeners.on('x', () => { throw new Error('mine'); });
  const good = (said: unknown) => heard.push(said);
  listeners.on('x', good);
  listeners.on('x', good);
  listeners.tell('x', 1);
  listeners.off('x', good);
  listeners.tell('x', 2);
  console.error = error;
  assert.deepEqual(heard, [1]);
});

function roomsWithLog(answers: (event: string) => Answer = () => ({ status: 'success' })) {
  const asked: string[] = [];
  const joined: string[] = [];
  const rooms = new Rooms(async (event, body) => {
    asked.push(`${event} ${JSON.stringify(body)}`);
    return answers(event);
  }, (name, answer) => joined.push(`${name} ${answer.status}`));
  return { rooms, asked, joined };
}

const kind = { join: 'join', leave: 'leave', body: () => ({ id: 1 }) };
const settled = (): Promise<void> => new Promise((done) => { setTimeout(done, 0); });

test('a room that is wanted before there is a connection is joined with it', async () => {
  const { rooms, asked, joined } = roomsWithLog();
  const answer = rooms.join('a', kind);
  assert.deepEqual(asked, []);
  rooms.open();
  assert.equal((await answer).status, 'success');
  await settled();
  assert.deepEqual(joined, ['a success']);
});

test('each connection joins all rooms again', async () => {
  const { rooms, asked } = roomsWithLog();
  void rooms.join('a', kind);
  rooms.open();
  rooms.close();
  rooms.open();
  await settled();
  assert.equal(asked.length, 2);
});

test('a room is left when the last who wanted it has gone', async () => {
  const { rooms, asked } = roomsWithLog();
  rooms.open();
  void rooms.join('a', kind);
  void rooms.join('a', kind);
  rooms.leave('a');
  await settled();
  assert.ok(!asked.some((line) => line.startsWith('leave')));
  rooms.leave('a');
  rooms.leave('a');
  rooms.leave('never');
  await settled();
  assert.deepEqual(asked.filter((line) => line.startsWith('leave')), ['leave {"id":1}']);
  rooms.close();
  rooms.open();
  await settled();
  assert.equal(asked.filter((line) => line.startsWith('join')).length, 2);
});

test('who has left hears nothing of an answer that comes late', async () => {
  const { rooms, joined } = roomsWithLog();
  rooms.open();
  void rooms.join('a', kind);
  rooms.leave('a');
  await settled();
  assert.deepEqual(joined, []);
});
