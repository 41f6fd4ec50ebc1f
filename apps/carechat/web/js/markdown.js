// SPDX-License-Identifier: MIT
// markdown: text of an answer as nodes. Nothing is ever parsed as markup: what
// is not one of the few forms below stands there as it was written.
//
// Blocks: fenced code, headings, lists (nested by indentation), quotes, rules,
// paragraphs whose line breaks are kept. Within them: code, strong, emphasis,
// struck out, links. All work is bounded: answers come from a machine that may
// write anything.
import { el } from './dom.js';
import { inlineNodes } from './markdown_inline.js';

const mostChars = 200000;
const mostNested = 6;

const fenceMarks = /^ {0,3}(`{3,}|~{3,})/;
const headingMarks = /^ {0,3}#{1,6}\s/;
const rule = /^ {0,3}([-*_])(?:\s*\1){2,}\s*$/;
const item = /^(\s*)(?:([-*+])|(\d{1,9})[.)])\s+(.*)$/;
const quote = /^ {0,3}>\s?(.*)$/;

// Forms whose end is open are read by hand: a search for both ends at once
// would take the cube of a line's length.

// [marks, language] of a line that begins code, null if it does not.
function fenceOf(line) {
  const found = fenceMarks.exec(line);
  const rest = found ? line.slice(found[0].length) : '`';
  return rest.includes('`') ? null : [found[1], /^[\w+#.-]{0,30}/.exec(rest.trimStart())[0]];
}

// The text of a heading, null if it is none. Marks at its end are not of it, if
// they stand apart: C# is a name.
function headingOf(line) {
  const found = headingMarks.exec(line);
  if (!found) return null;
  const text = line.slice(found[0].length).trim();
  let end = text.length;
  while (text[end - 1] === '#') end -= 1;
  return end === 0 || text[end - 1] === ' ' ? text.slice(0, end).trimEnd() : text;
}

const indentOf = (line) => line.length - line.trimStart().length;

// What a line begins, other than a paragraph's next line.
const begins = (line) => !line.trim() || fenceOf(line) || headingMarks.test(line) ||
  rule.test(line) || item.test(line) || quote.test(line);

function takeCode(lines, at) {
  const [marks, language] = fenceOf(lines[at]);
  const end = (line) => line.trim().startsWith(marks) && !line.trim().slice(marks.length).replaceAll(marks[0], '');
  let stop = at + 1;
  while (stop < lines.length && !end(lines[stop])) stop += 1;
  const text = lines.slice(at + 1, stop).join('\n');
  const box = el('pre', { tabindex: '0', 'aria-label': language ? `Code, ${language}` : 'Code' }, el('code', { text }));
  return [box, stop + 1];
}

function takeQuote(lines, at, depth) {
  let stop = at;
  const inner = [];
  while (stop < lines.length && quote.test(lines[stop])) {
    inner.push(quote.exec(lines[stop])[1]);
    stop += 1;
  }
  return [el('blockquote', {}, ...blocks(inner, depth + 1)), stop];
}

// One item: its first line, and the deeper ones that follow.
function takeItem(lines, at, depth) {
  const [whole, lead, , , first] = item.exec(lines[at]);
  const inner = [first];
  const deep = whole.length - first.length;
  let stop = at + 1;
  while (stop < lines.length) {
    const line = lines[stop];
    const isBlank = !line.trim();
    const isDeeper = indentOf(line) > lead.length;
    if (isBlank && !(indentOf(lines[stop + 1] ?? '') > lead.length)) break;
    if (!isBlank && !isDeeper && begins(line)) break;
    inner.push(line.slice(Math.min(deep, indentOf(line))));
    stop += 1;
  }
  const nodes = blocks(inner, depth + 1);
  // A lone paragraph needs no box of its own.
  const isPlain = nodes[0]?.tagName === 'P';
  return [el('li', {}, ...(isPlain ? [...nodes[0].childNodes, ...nodes.slice(1)] : nodes)), stop];
}

function takeList(lines, at, depth) {
  const number = item.exec(lines[at])[3];
  const list = number === undefined ? el('ul') : el('ol', { start: number === '1' ? null : number });
  const isSame = (line) => {
    const found = item.exec(line ?? '');
    return found && !rule.test(line) && (found[3] === undefined) === (number === undefined);
  };
  let stop = at;
  while (stop < lines.length) {
    // Between two items there may be empty lines.
    const next = lines[stop].trim() ? stop : stop + 1;
    if (!isSame(lines[next])) break;
    let node = null;
    [node, stop] = takeItem(lines, next, depth);
    list.append(node);
  }
  return [list, stop];
}

function takeParagraph(lines, at) {
  let stop = at + 1;
  while (stop < lines.length && !begins(lines[stop])) stop += 1;
  const text = lines.slice(at, stop).map((line) => line.trim()).join('\n');
  return [el('p', {}, ...inlineNodes(text)), stop];
}

function takeBlock(lines, at, depth) {
  const line = lines[at];
  if (fenceOf(line)) return takeCode(lines, at);
  const title = headingOf(line);
  // One level for all: an answer stands deep in the page's own outline.
  if (title !== null) return [el('h3', {}, ...inlineNodes(title)), at + 1];
  if (rule.test(line)) return [el('hr'), at + 1];
  if (depth < mostNested && quote.test(line)) return takeQuote(lines, at, depth);
  if (depth < mostNested && item.test(line)) return takeList(lines, at, depth);
  return takeParagraph(lines, at);
}

function blocks(lines, depth) {
  const out = [];
  let at = 0;
  while (at < lines.length) {
    if (!lines[at].trim()) {
      at += 1;
      continue;
    }
    const [node, next] = takeBlock(lines, at, depth);
    out.push(node);
    at = next;
  }
  return out;
}

// The nodes of `text`.
export function markdownNodes(text) {
  const clean = String(text ?? '').slice(0, mostChars).replace(/\r\n?|[\u2028\u2029]/g, '\n').replaceAll('\t', '    ');
  return blocks(clean.split('\n'), 0);
}
