// SPDX-License-Identifier: MIT
// markdown_inline: what stands within a line of markdown, as nodes.
import { el } from './dom.js';

const mostOpen = 20;
// Everything is bounded, so that no text makes the search for its end long.
const forms = new RegExp([
  /(?<escape>\\[\\`*_~[\]()<>#+\-.!>])/,
  /(?<code>(?<ticks>`{1,4})(?!`)[^\n]{1,2000}?(?<!`)\k<ticks>(?!`))/,
  /!?\[(?<label>[^[\]\n]{1,500})\]\((?<target>[^\s()<>]{1,1000}(?:\([^\s()<>]{0,200}\)[^\s()<>]{0,200})?)(?: {1,3}"[^"\n]{0,300}")?\)/,
  /<(?<angle>https?:\/\/[^\s<>]{1,1000})>/,
  /(?<bare>https?:\/\/[^\s<>"'`*]{1,1000})/,
  /(?<marks>\*{1,3}|_{1,3}|~~)/,
  /(?<line>\n)/,
].map(({ source }) => source).join('|'), 'gu');

const tags = { '*': 'em', _: 'em', '**': 'strong', __: 'strong', '~~': 'del' };

// An address that may be followed: http or https, and nobody's name in it.
export function safeAddress(text) {
  let url = null;
  try {
    url = new URL(text);
  } catch {
    return '';
  }
  const isWeb = url.protocol === 'https:' || url.protocol === 'http:';
  return isWeb && !url.username && !url.password ? url.href : '';
}

// What was written stays, when the address is none.
function link(label, target, written) {
  const href = safeAddress(target);
  if (!href || !/^https?:\/\//i.test(target)) return document.createTextNode(written);
  return el('a', {
    href, text: label, target: '_blank', rel: 'noopener noreferrer nofollow', title: href,
  });
}

// Marks of a sentence's end are not the address's.
function bareLink(written) {
  const end = written.search(/[.,;:!?)\]}]+$/);
  const address = end < 0 ? written : written.slice(0, end);
  return [link(address, address, address), written.slice(address.length)];
}

// A stack of what is open; its bottom is the line itself.
class Line {
  open = [{ mark: '', nodes: [] }];

  get top() {
    return this.open.at(-1);
  }

  put(...nodes) {
    this.top.nodes.push(...nodes.filter((one) => one !== ''));
  }

  // What was opened and not closed is no emphasis.
  spill() {
    const { mark, nodes } = this.open.pop();
    this.put(mark, ...nodes);
  }

  close(mark) {
    while (this.top.mark !== mark) this.spill();
    const { nodes } = this.open.pop();
    this.put(el(tags[mark], {}, ...nodes));
  }

  mark(mark, canOpen, canClose) {
    const isOpen = this.open.some((one) => one.mark === mark);
    if (canClose && isOpen && !(this.top.mark === mark && this.top.nodes.length === 0)) this.close(mark);
    else if (canOpen && !isOpen && this.open.length < mostOpen) this.open.push({ mark, nodes: [] });
    else this.put(mark);
  }

  end() {
    while (this.open.length > 1) this.spill();
    return this.top.nodes;
  }
}

// Three are two and one; an underscore within a word is one of its letters.
function putMarks(line, marks, before, after) {
  const isWord = /[\p{L}\p{N}]/u;
  const inWord = marks[0] === '_' && isWord.test(before) && isWord.test(after);
  const canOpen = !inWord && after.trim() !== '';
  const canClose = !inWord && before.trim() !== '';
  if (marks.length < 3) return line.mark(marks, canOpen, canClose);
  const parts = [marks.slice(0, 2), marks[0]];
  const isClosing = canClose && line.open.some(({ mark }) => mark === marks[0]);
  for (const part of isClosing ? parts.reverse() : parts) line.mark(part, canOpen, canClose);
  return undefined;
}

function putForm(line, found, text) {
  const { groups, index, 0: whole } = found;
  const { escape, code, ticks, label, target, angle, bare, marks } = groups;
  if (escape) return line.put(escape[1]);
  if (code) return line.put(el('code', { text: code.slice(ticks.length, -ticks.length).trim() }));
  if (label) return line.put(link(label, target, whole));
  if (angle) return line.put(link(angle, angle, whole));
  if (bare) return line.put(...bareLink(bare));
  if (marks) return putMarks(line, marks, text[index - 1] ?? '', text[index + whole.length] ?? '');
  return line.put(el('br'));
}

// The nodes of one paragraph's text.
export function inlineNodes(text) {
  const line = new Line();
  let at = 0;
  for (const found of text.matchAll(forms)) {
    line.put(text.slice(at, found.index));
    putForm(line, found, text);
    at = found.index + found[0].length;
  }
  line.put(text.slice(at));
  return line.end();
}
