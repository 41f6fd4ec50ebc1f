// SPDX-License-Identifier: MIT
// chapters: which pages there are, in their order. The guide's is that of its
// own table; a page that stands in none of the lists comes at the end of its
// folder's chapter.
import fs from 'node:fs';
import path from 'node:path';

const FIRST = {
  docs: ['features', 'differences', 'limits', 'performance', 'architecture', 'flow', 'tour', 'abi'],
  'docs/protocols': ['README', 'http', 'websocket', 'engineio', 'socketio', 'socketio-client', 'cluster'],
  'docs/reference': ['README'],
};

function inOrder(root, folder, first) {
  const all = fs.readdirSync(path.join(root, folder)).filter((name) => name.endsWith('.md'))
    .map((name) => name.slice(0, -3)).sort();
  const known = first.filter((name) => all.includes(name));
  return [...known, ...all.filter((name) => !known.includes(name))].map((name) => `${folder}/${name}.md`);
}

export function chapters(root) {
  const guide = fs.readFileSync(path.join(root, 'docs/guide/README.md'), 'utf8');
  const order = ['README', ...[...guide.matchAll(/\]\(([\w-]+)\.md\)/g)].map((found) => found[1])];
  const programs = ['esp32', 'sv30', 'deskpulse', 'deskpulse-tracker', 'carechat', 'hospital', 'hospital-production']
    .map((name) => `docs/${name}.md`).filter((file) => fs.existsSync(path.join(root, file)));
  return [
    { title: 'Peal', files: ['README.md', 'CHANGELOG.md'] },
    { title: 'Guide', files: inOrder(root, 'docs/guide', [...new Set(order)]) },
    { title: 'About', files: inOrder(root, 'docs', FIRST.docs).filter((file) => !programs.includes(file)) },
    { title: 'Applications', files: programs },
    { title: 'Protocols', files: inOrder(root, 'docs/protocols', FIRST['docs/protocols']) },
    { title: 'Reference', files: inOrder(root, 'docs/reference', FIRST['docs/reference']) },
  ];
}
