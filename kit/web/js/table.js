// SPDX-License-Identifier: MIT
// table: rows of numbers: the first cell of a row names it.
import { byId, el } from './dom.js';

const cell = (content, props = {}) => (content instanceof Node
  ? el('td', props, content) : el('td', { ...props, text: content }));

// Fills the table `id`: `head` are the names of the columns, `rows` arrays of
// texts or nodes.
export function tableShow(id, head, rows) {
  const table = byId(id);
  table.tHead ?? table.createTHead();
  const body = table.tBodies[0] ?? table.createTBody();
  table.tHead.replaceChildren(el('tr', {}, ...head.map((text) => el('th', { scope: 'col', text }))));
  body.replaceChildren(...rows.map(([name, ...cells]) => el('tr', {},
    el('th', { scope: 'row', text: name }), ...cells.map((one) => cell(one)))));
}
