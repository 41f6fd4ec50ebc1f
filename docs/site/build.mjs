// SPDX-License-Identifier: MIT
// build: the documentation as a static site, with an index to search in.
//   node build.mjs [OUT]      (build/site)
// What is linked to and is no page (a source file, an example) becomes one that
// shows it. A link into nothing ends the build.
import fs from 'node:fs';
import path from 'node:path';
import process from 'node:process';
import { fileURLToPath } from 'node:url';
import MarkdownIt from 'markdown-it';
import { chapters } from './chapters.mjs';
import { pageOf } from './page.mjs';
import { anchorsOf, plain } from './words.mjs';

const here = path.dirname(fileURLToPath(import.meta.url));
const root = path.resolve(here, '../..');
const out = path.resolve(process.argv[2] ?? path.join(root, 'build/site'));
const MAX_SOURCE_BYTES = 1 << 20;

const problems = [];
const pages = new Map();   // of a file of the tree: what it became
const sources = new Set(); // files that are shown as they are
const copies = new Set();  // pictures

const isPage = (file) => file.endsWith('.md');
const isPicture = (file) => /\.(png|svg|jpe?g)$/.test(file);
const targetOf = (file) => {
  if (file === 'README.md') return 'index.html';
  if (isPage(file)) return file.replace(/^docs\//, '').replace(/\.md$/, '.html');
  return isPicture(file) ? file.replace(/^docs\//, '') : `source/${file}.html`;
};
const relative = (from, to) => path.posix.relative(path.posix.dirname(targetOf(from)), targetOf(to)) ||
  path.posix.basename(targetOf(to));

// A link of a page: to a page, a picture, a file; with its anchor.
function follow(from, href) {
  if (/^[a-z][a-z0-9+.-]*:/i.test(href)) return href;
  const [name, anchor] = href.split('#');
  const to = name ? path.posix.normalize(path.posix.join(path.posix.dirname(from), decodeURI(name))) : from;
  const full = path.join(root, to);
  if (to.startsWith('..') || !fs.existsSync(full)) {
    problems.push(`${from}: ${href} leads to nothing`);
    return href;
  }
  if (fs.statSync(full).isDirectory()) return folder(from, to, href);
  if (isPage(to)) read(to);
  else (isPicture(to) ? copies : sources).add(to);
  if (anchor !== undefined && isPage(to)) pages.get(from).links.push([to, anchor, href]);
  return relative(from, to) + (anchor === undefined ? '' : `#${anchor}`);
}

// The page of a folder, or what is said first in it.
function folder(from, to, href) {
  const first = ['README.md', 'main.c'].find((name) => fs.existsSync(path.join(root, to, name)));
  if (first) return follow(from, path.posix.relative(path.posix.dirname(from), path.posix.join(to, first)));
  sources.add(to);
  return href && relative(from, to);
}

function read(file) {
  if (pages.has(file)) return;
  const page = { file, links: [], sections: [] };
  pages.set(file, page);
  const text = fs.readFileSync(path.join(root, file), 'utf8').replace(/<!--[\s\S]*?-->/g, '');
  const md = new MarkdownIt({ html: true });
  const tokens = md.parse(text, {});
  page.anchors = anchorsOf(tokens, page.sections);
  page.title = page.sections[0]?.title ?? path.basename(file, '.md');
  for (const token of tokens) {
    for (const inline of token.children ?? []) {
      for (const name of ['href', 'src']) {
        const value = inline.attrGet(name);
        if (value) inline.attrSet(name, follow(file, value));
      }
      if (inline.type === 'image') inline.attrSet('loading', 'lazy');
    }
  }
  md.renderer.rules.table_open = () => '<div class="scroll" tabindex="0"><table>\n';
  md.renderer.rules.table_close = () => '</table></div>\n';
  page.html = md.renderer.render(tokens, md.options, {});
}

function write(name, text) {
  const full = path.join(out, name);
  fs.mkdirSync(path.dirname(full), { recursive: true });
  fs.writeFileSync(full, text);
}

function source(file) {
  const full = path.join(root, file);
  const text = fs.statSync(full).isDirectory() ? fs.readdirSync(full).sort().join('\n')
    : fs.readFileSync(full, 'utf8').slice(0, MAX_SOURCE_BYTES);
  const html = `<h1>${plain(file)}</h1>\n<pre><code>${plain(text)}</code></pre>\n`;
  write(targetOf(file), pageOf({ title: file, html, target: targetOf(file), chapters: [], relative: () => '' }));
}

fs.rmSync(out, { recursive: true, force: true });
const book = chapters(root);
for (const chapter of book) for (const file of chapter.files) read(file);
for (const page of pages.values()) {
  for (const [to, anchor, href] of page.links) {
    if (anchor && !pages.get(to).anchors.has(anchor)) problems.push(`${page.file}: ${href} has no such place`);
  }
}
const listed = book.map(({ title, files }) =>
  ({ title, pages: files.map((file) => ({ file, title: pages.get(file).title })) }));
const index = [];
for (const page of pages.values()) {
  const target = targetOf(page.file);
  write(target, pageOf({ ...page, target, chapters: listed, relative: (to) => relative(page.file, to) }));
  for (const section of page.sections) {
    index.push([target + (section.anchor ? `#${section.anchor}` : ''), page.title, section.title, section.text.trim().slice(0, 4000)]);
  }
}
for (const file of sources) source(file);
for (const file of copies) {
  fs.mkdirSync(path.dirname(path.join(out, targetOf(file))), { recursive: true });
  fs.copyFileSync(path.join(root, file), path.join(out, targetOf(file)));
}
write('search-index.js', `window.pealIndex = ${JSON.stringify(index)};\n`);
for (const name of ['site.css', 'site.js']) fs.copyFileSync(path.join(here, name), path.join(out, name));
for (const problem of problems) console.error(problem);
console.log(`${pages.size} pages, ${sources.size} files, ${index.length} places to find: ${path.relative(root, out) || out}/index.html`);
process.exit(problems.length ? 1 : 0);
