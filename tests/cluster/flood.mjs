// SPDX-License-Identifier: MIT
// Clients whose requests arrive at another node than their session's send as many
// packets as a body can have. What all clients are told meanwhile goes the same
// way, and none of it is lost.
//
//   node flood.mjs --node PATH/peal-cluster-node
import { startRedis } from '../support/redis.mjs';
import { Client, Node, sleep, until } from './lib/nodes.mjs';

const BODIES = 24, PACKETS = 100000;
const failures = [];
const check = (what, is) => { if (!is) failures.push(what); };

// A subscriber that is slow is cut off, as by default, but sooner.
const redis = await startRedis({ config: { 'client-output-buffer-limit': 'pubsub 4mb 2mb 2' } });
const start = () => new Node('peal', { redis: redis.url, mode: 'classic' }).start();
const [entry, home] = [await start(), await start()];
await until('each knows the other', async () => (await entry.do({ do: 'stats' })).nodes === 1 &&
  (await home.do({ do: 'stats' })).nodes === 1);
const neighbour = await new Client('neighbour', home).connected();

const at = (node, sid) => `${node.url}/socket.io/?EIO=4&transport=polling${sid ? `&sid=${sid}` : ''}`;
async function session() {
  const { sid } = JSON.parse((await (await fetch(at(home))).text()).slice(1));
  await (await fetch(at(home, sid), { method: 'POST', body: '40' })).text();
  return sid;
}

const sids = await Promise.all(Array.from({ length: BODIES }, session));
const body = `${Array(PACKETS).fill('42["a"]').join('\x1e')}\x1e427["echo","last"]`;
let isOver = false;
const floods = Promise.all(sids.map(async (sid) =>
  (await fetch(at(entry, sid), { method: 'POST', body })).status)).finally(() => { isOver = true; });
let told = 0;
for (; !isOver || told < 50; told += 1) {
  await entry.do({ do: 'emit', event: 'news', args: [told] });
  await sleep(10);
}
check(`each body is taken: ${await floods}`, (await floods).every((status) => status === 200));
for (const sid of sids) {
  let text = '';
  for (let i = 0; i < 3 && !text.includes('437['); i += 1) text += await (await fetch(at(home, sid))).text();
  check(`the last packet has been there: ${text}`, text.includes('437["last"]'));
}
const heard = () => neighbour.heard.filter(([event]) => event === 'news').map(([, number]) => number);
await until('the neighbour has heard all', () => heard().length === told, 5000).catch(() => {});
check(`the neighbour has heard ${heard().length} of ${told}, in order`,
  JSON.stringify(heard()) === JSON.stringify(Array.from({ length: told }, (_, i) => i)));
for (const node of [entry, home]) {
  const stats = await node.do({ do: 'stats' });
  check(`nothing was dropped, nobody was cut off: ${JSON.stringify(stats)}`,
    stats.dropped_out === 0 && stats.dropped_in === 0 && stats.reconnects === 0);
}
neighbour.close();
for (const node of [entry, home]) check('a node ends well', await node.endsWell());
await redis.stop();
for (const failure of failures) console.log(`FAIL ${failure}`);
console.log(failures.length ? 'failed' : `ok - ${BODIES} bodies of ${PACKETS} packets, ${told} events`);
process.exit(failures.length ? 1 : 0);
