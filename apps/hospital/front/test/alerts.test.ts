// SPDX-License-Identifier: MIT
import assert from 'node:assert/strict';
import test from 'node:test';
import { AlertStore, type Alert } from '../src/services/alertStore.ts';
import { IdSet } from '../src/services/idSet.ts';
import { Missed } from '../src/services/missed.ts';
import type { AlertRow } from '../src/types.ts';

const nodes = 2 ** 20;
const idOf = (seq: number, node = 7): number => seq * nodes + node;
const row = (seq: number, part: Partial<AlertRow> = {}): AlertRow => ({
  id: idOf(seq), patient_id: 'P1', severity: 'warning', message: `m${seq}`, timestamp: '2026-01-01T00:00:00.000Z', ...part,
});
const published = (store: AlertStore): Promise<void> => new Promise((done) => {
  const stop = store.subscribe(() => {
    stop();
    done();
  });
});
const messages = (store: AlertStore): string[] => store.now().alerts.map(({ message }) => message);

// Without surprises of a seedless generator.
function* numbers(seed: number): Generator<number, never> {
  let state = seed;
  for (;;) {
    state = (state * 1103515245 + 12345) % 2147483648;
    yield state;
  }
}

test('a set of ids knows what a plain set knows', () => {
  const dice = numbers(42);
  const ours = new IdSet();
  const plain = new Set<number>();
  for (let i = 0; i < 20000; i += 1) {
    const id = idOf(dice.next().value % 3000, dice.next().value % 3);
    assert.equal(ours.add(id), !plain.has(id));
    plain.add(id);
  }
  assert.equal(ours.size, plain.size);
  const greatest = [0, 1, 2].map((node) => Math.max(...[...plain].filter((id) => id % nodes === node)));
  assert.deepEqual(ours.lasts().sort(), greatest.sort());
});

test('ids that rise by one cost nothing, and gaps are bounded', () => {
  const ours = new IdSet();
  for (let i = 1; i <= 200000; i += 1) ours.add(idOf(i * 2));
  assert.equal(ours.size, 200000);
  assert.equal(ours.add(idOf(400000)), false);
  assert.equal(ours.add(idOf(399999)), true);
  assert.equal(ours.add(idOf(3)), false, 'the oldest gaps count as seen');
});

test('an alert is counted once, however often it comes', async () => {
  const store = new AlertStore();
  assert.equal(store.take(row(1)), true);
  assert.equal(store.take(row(1)), false);
  assert.equal(store.takeAll([row(1), row(2)]), 1);
  await published(store);
  assert.equal(store.now().total, 2);
  assert.equal(store.now().unread, 2);
});

test('the newest is first, in whatever order they come', async () => {
  const store = new AlertStore();
  for (const seq of [5, 1, 9, 3, 7]) store.take(row(seq));
  await published(store);
  assert.deepEqual(messages(store), ['m9', 'm7', 'm5', 'm3', 'm1']);
});

test('many are heard of at once', async () => {
  const store = new AlertStore();
  let calls = 0;
  const fresh: Alert[] = [];
  store.subscribe(() => { calls += 1; });
  store.onFresh((alerts) => fresh.push(...alerts));
  for (let seq = 1; seq <= 1000; seq += 1) store.take(row(seq));
  await published(store);
  assert.equal(calls, 1);
  assert.equal(fresh.length, 1000);
});

test('beyond what is kept the counts stay right', async () => {
  const store = new AlertStore();
  for (let seq = 1; seq <= 12000; seq += 1) store.take(row(seq));
  await published(store);
  assert.equal(store.now().alerts.length, 10000);
  assert.equal(store.now().unread, 12000);
  assert.equal(store.unreadGone, 2000);
  assert.equal(messages(store).at(-1), 'm2001');
  assert.equal(store.take(row(1)), false, 'also what left the list is known');
  store.markAllRead();
  await published(store);
  assert.equal(store.now().unread, 0);
  assert.equal(store.now().total, 12000);
});

test('what was acknowledged elsewhere is unread no more', async () => {
  const store = new AlertStore();
  store.takeAll([row(1), row(2), row(3, { status: 'acknowledged' })]);
  await published(store);
  assert.equal(store.now().unread, 2);
  store.takeAll([row(2, { status: 'resolved', resolved_by: 'x' })]);
  await published(store);
  assert.equal(store.now().unread, 1);
  assert.equal(store.now().alerts[1]!.status, 'resolved');
  assert.equal(store.now().alerts[1]!.data.resolved_by, 'x');
});

test('what was so before a gap and is not now is put right', async () => {
  const store = new AlertStore();
  for (let seq = 1; seq <= 6; seq += 1) store.take(row(seq));
  const last = idOf(5); // when the program was asked; the sixth came meanwhile
  store.settle(new Set([idOf(2), idOf(4)]), idOf(2), last);
  await published(store);
  assert.deepEqual(store.now().alerts.map(({ status }) => status), ['active', 'acknowledged', 'active', 'acknowledged', 'active', 'active']);
  assert.equal(store.now().unread, 4);
});

test('one that went up to others is news again', async () => {
  const store = new AlertStore();
  store.take(row(1));
  await published(store);
  store.markRead(String(idOf(1)));
  await published(store);
  assert.equal(store.now().unread, 0);
  const heard: Alert[] = [];
  store.onFresh((alerts) => heard.push(...alerts));
  store.raise(row(1, { escalation: 'doctor' }));
  store.raise(row(2, { escalation: 'all' }));
  await published(store);
  assert.equal(store.now().unread, 2);
  assert.equal(store.now().total, 2);
  assert.deepEqual(heard.map(({ data }) => data.escalation), ['doctor', 'all']);
});

test('what has no id is shown on top, and can be read and removed', async () => {
  const store = new AlertStore();
  store.take(row(1));
  store.take(row(0, { id: undefined, message: 'nameless' }));
  store.take(row(0, { id: undefined, message: 'another' }));
  store.take(row(2));
  await published(store);
  assert.deepEqual(messages(store), ['m2', 'another', 'nameless', 'm1']);
  assert.equal(store.now().total, 4);
  const { id } = store.now().alerts[2]!;
  store.markRead(id);
  store.markRead(String(idOf(1)));
  await published(store);
  assert.deepEqual(store.now().alerts.map(({ read }) => read), [false, false, true, true]);
  store.remove(id);
  await published(store);
  assert.deepEqual(messages(store), ['m2', 'another', 'm1']);
  assert.equal(store.now().unread, 2);
});

test('notices are shown in front, once for each subject, and not counted', async () => {
  const store = new AlertStore();
  const notice = { type: 'info', source: 'bed_status_changed', title: 'Bed', data: {} } as const;
  for (let i = 0; i < 200; i += 1) store.notice(`bed:${i % 60}`, { ...notice, message: `b${i}` });
  store.take(row(1));
  await published(store);
  const { alerts, unread, total } = store.now();
  assert.equal(alerts.length, 51);
  assert.equal(alerts[0]!.message, 'b199');
  assert.equal(alerts.at(-1)!.message, 'm1');
  assert.equal(unread, 1);
  assert.equal(total, 1);
});

test('a list that was emptied shows nothing twice', async () => {
  const store = new AlertStore();
  store.take(row(1));
  store.clear();
  store.takeAll([row(1), row(2)]);
  await published(store);
  assert.deepEqual(messages(store), ['m2']);
  store.reset();
  store.take(row(1));
  await published(store);
  assert.deepEqual(messages(store), ['m1'], 'but who comes next sees all');
  assert.equal(store.now().total, 1);
});

test('active ones that are not fetched are counted', async () => {
  const store = new AlertStore();
  store.takeAll([row(9), row(8)]);
  store.unreadAre(5);
  await published(store);
  assert.equal(store.now().unread, 5);
  store.unreadAre(3);
  await published(store);
  assert.equal(store.now().unread, 5);
});

test('what comes live does not hide a gap', () => {
  const seen = new IdSet();
  const missed = new Missed(() => seen.lasts());
  assert.deepEqual(missed.begin(), [], 'who saw nothing asks for nothing');
  for (let seq = 1; seq <= 10; seq += 1) seen.add(idOf(seq));
  assert.deepEqual(missed.begin(), [idOf(10)]);
  seen.add(idOf(99)); // live, while 11 to 98 are missing
  assert.deepEqual(missed.ids(), [idOf(10)]);
  missed.page([idOf(11), idOf(12)], true);
  assert.deepEqual(missed.ids(), [idOf(12)]);
  assert.deepEqual(missed.begin(), [idOf(12)], 'cut off in between, it goes on from there');
  missed.page([idOf(98)], false);
  assert.deepEqual(missed.ids(), [idOf(99)]);
});

test('of very many nodes the latest are named', () => {
  const missed = new Missed(() => Array.from({ length: 100 }, (_, node) => idOf(node + 1, node)));
  assert.equal(missed.ids().length, 64);
  assert.equal(missed.ids()[0], idOf(100, 99));
});

test('each node of a cluster has its own place', () => {
  const seen = new IdSet();
  const missed = new Missed(() => seen.lasts());
  for (const id of [idOf(5, 1), idOf(9, 2)]) seen.add(id);
  missed.begin();
  missed.page([idOf(6, 1), idOf(3, 3)], true);
  assert.deepEqual(missed.ids().sort(), [idOf(6, 1), idOf(9, 2), idOf(3, 3)].sort());
});
