// SPDX-License-Identifier: MIT
// words: text of pages: escaped, as anchors, in sections for the search.
export const plain = (text) => text.replace(/[&<>"]/g, (c) => `&#${c.codePointAt(0)};`);

// As the places where the files are read otherwise make them of headings.
function slug(title, taken) {
  const base = title.toLowerCase().trim().replace(/[^\p{L}\p{N}\s_-]/gu, '').replace(/\s/g, '-');
  let name = base;
  for (let i = 1; taken.has(name); i += 1) name = `${base}-${i}`;
  taken.add(name);
  return name;
}

const textOf = (token) => (token.children ?? [])
  .map((inline) => (inline.type === 'softbreak' ? ' ' : inline.content)).join('');

// Gives headings their anchors, and fills `sections` with what stands below each.
export function anchorsOf(tokens, sections) {
  const taken = new Set();
  tokens.forEach((token, i) => {
    if (token.type === 'heading_open') {
      const title = textOf(tokens[i + 1]);
      const anchor = slug(title, taken);
      token.attrSet('id', anchor);
      sections.push({ title, anchor: sections.length ? anchor : '', text: '' });
    } else if (sections.length && tokens[i - 1]?.type !== 'heading_open') {
      if (token.type === 'inline') sections.at(-1).text += `${textOf(token)} `;
      if (token.type === 'fence') sections.at(-1).text += `${token.content} `;
    }
  });
  return taken;
}
