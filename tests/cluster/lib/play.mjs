// SPDX-License-Identifier: MIT
// play: a scenario on a cluster, and what came of it: {heard: {client: […]},
// results: […]}, without what differs from one run to the next.
import { Client, until } from './nodes.mjs';

const PLACES = ['here', 'there', 'far', 'last'];
let fences = 0;

class Stage {
  constructor(nodes, at, actor, scenario) {
    Object.assign(this, { scenario, clients: new Map(), results: [] });
    this.nodes = nodes.map((_, i) => nodes[(at + i) % nodes.length]);
    this.actor = actor ?? this.nodes[0];
    this.nsps = scenario.other ? ['/', '/chat'] : ['/'];
  }

  node(place) { return this.nodes[PLACES.indexOf(place)]; }

  async open() {
    for (const [i, node] of this.nodes.entries()) {
      for (const one of ['a', 'b', ...this.scenario.other ? ['c'] : []]) {
        const name = `${PLACES[i]}.${one}`;
        this.clients.set(name, new Client(name, node, { nsp: one === 'c' ? '/chat' : '/' }));
      }
    }
    await Promise.all([...this.clients.values()].map((client) => client.connected()));
    for (const [room, names] of Object.entries(this.scenario.rooms)) {
      await Promise.all(names.map((name) => this.clients.get(name)?.ask('join', room)));
    }
  }

  // Names for ids, both ways.
  toIds(value) {
    return value?.map?.((one) => (typeof one === 'string' && one.startsWith('@')
      ? this.clients.get(one.slice(1)).id : one)) ?? value;
  }

  toNames(value) {
    if (typeof value === 'string') {
      for (const [name, client] of this.clients) if (client.id === value) return `@${name}`;
      return value;
    }
    if (value === null || typeof value !== 'object' || Buffer.isBuffer(value)) return value;
    if (Array.isArray(value)) return value.map((one) => this.toNames(one));
    return Object.fromEntries(Object.entries(value).map(([key, one]) => [key, this.toNames(one)]));
  }

  // All that this actor did before has arrived: its fence is heard by all.
  async fence(actor) {
    const mark = `fence ${fences += 1}`;
    for (const nsp of this.nsps) await actor.do({ do: 'emit', nsp, event: 'fence', args: [mark] });
    await until(`${actor.name}'s fence is heard by all (${this.scenario.name}): ${[...this.clients].filter(([, client]) => !client.fences.has(mark)).map(([name]) => name)}`,
      () => [...this.clients.values()].every((client) => !client.socket.connected || client.fences.has(mark)));
  }

  // What an actor says to itself over the bus lies before what others say
  // once they have heard it: so all fence, the actor first.
  async settle(actor) {
    await this.fence(actor);
    await Promise.all(this.nodes.filter((node) => node !== actor).map((node) => this.fence(node)));
  }

  async step({ client, ask, by, loose, ...command }) {
    if (client) {
      await this.clients.get(client).ask(...ask);
      await this.settle(this.nodes[0]);
      return;
    }
    if (by && !this.node(by)) return;
    const actor = by ? this.node(by) : this.actor;
    const result = await actor.do({
      ...command, to: this.toIds(command.to), except: this.toIds(command.except),
    });
    if (/^(ask|fetch|members|rooms|call_ack|heard)$/.test(command.do)) {
      this.results.push([command.do, sorted(this.toNames(result))]);
    }
    if (!loose) await this.settle(actor);
  }

  outcome() {
    return {
      heard: Object.fromEntries([...this.clients].map(([name, client]) =>
        [name, client.heard.map((one) => one.map(withoutOffset))])),
      results: this.results,
    };
  }

  close() { for (const client of this.clients.values()) client.close(); }
}

const text = (value) => JSON.stringify(value, (_, one) => (one?.type === 'Buffer' ? String(one.data) : one));

// With Streams an event carries where it stands.
const withoutOffset = (value) => (/^\d{13}-\d+$/.test(value) ? '(offset)' : value);

// In which order several answered is nobody's promise.
function sorted(value) {
  if (Array.isArray(value)) {
    return value.map((one) => (Array.isArray(one?.rooms) ? { ...one, rooms: [...one.rooms].sort() } : one))
      .sort((a, b) => (text(a) < text(b) ? -1 : 1));
  }
  if (Array.isArray(value?.responses)) return { ...value, responses: sorted(value.responses) };
  return value;
}

// `at`: the node that is `here`; `actor`: who acts instead of it.
export async function play(nodes, scenario, { at = 0, actor } = {}) {
  const stage = new Stage(nodes, at, actor, scenario);
  try {
    await stage.open();
    await stage.settle(stage.nodes[0]); // the rooms are known
    for (const step of scenario.steps) await stage.step(step);
    return stage.outcome();
  } finally {
    stage.close();
  }
}
