// SPDX-License-Identifier: MIT
// page: a page of the site around its text.
import path from 'node:path';
import { plain } from './words.mjs';

const up = (target) => '../'.repeat(target.split('/').length - 1);

function list({ title, pages }, file, relative) {
  const isHere = pages.some((page) => page.file === file);
  const items = pages.map((page) =>
    `<li><a href="${relative(page.file)}"${page.file === file ? ' aria-current="page"' : ''}>${plain(page.title)}</a></li>`);
  return `<details${isHere ? ' open' : ''}><summary>${plain(title)}</summary><ul>${items.join('')}</ul></details>`;
}

// Behind it and before it, as one reads from the first to the last.
function neighbours(chapters, file, relative) {
  const all = chapters.flatMap(({ pages }) => pages);
  const at = all.findIndex((page) => page.file === file);
  if (at < 0) return '';
  const link = (page, rel, words) => (page ? `<a rel="${rel}" href="${relative(page.file)}">${words(plain(page.title))}</a>` : '<span></span>');
  return `<nav class="next" aria-label="Next">${link(all[at - 1], 'prev', (title) => `← ${title}`)}${link(all[at + 1], 'next', (title) => `${title} →`)}</nav>`;
}

function contents(sections) {
  const below = sections.slice(1);
  if (below.length < 3 || below.length > 40) return '';
  const items = below.map(({ title, anchor }) => `<li><a href="#${encodeURIComponent(anchor)}">${plain(title)}</a></li>`);
  return `<details class="contents"><summary>On this page</summary><ul>${items.join('')}</ul></details>`;
}

export function pageOf({ file, title, html, sections = [], target, chapters, relative }) {
  const base = up(target);
  const chosen = chapters.length ? chapters.map((chapter) => list(chapter, file, relative)).join('')
    : `<p><a href="${base}index.html">Peal</a></p>`;
  const name = path.posix.basename(target) === 'index.html' && !base ? 'Peal: Socket.IO for C' : `${title} · Peal`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>${plain(name)}</title>
<link rel="icon" href="data:,">
<link rel="stylesheet" href="${base}site.css">
<script>try { document.documentElement.dataset.theme = localStorage.getItem('peal-theme') || ''; } catch { /* without storage: as the system says */ }</script>
</head>
<body data-base="${base}">
<a class="skip" href="#text">To the text</a>
<header>
<button type="button" id="menu" aria-expanded="false" aria-controls="pages">Pages</button>
<a class="name" href="${base}index.html">Peal</a>
<form role="search"><label for="search">Search</label><input id="search" type="search" placeholder="Search ( / )" autocomplete="off" aria-controls="found"></form>
<button type="button" id="theme" aria-label="Light or dark">◐</button>
</header>
<div id="found" role="region" aria-label="Found" aria-live="polite" hidden></div>
<nav id="pages" aria-label="Pages">${chosen}</nav>
<main id="text" tabindex="-1">
${contents(sections)}
${html}
${neighbours(chapters, file, relative)}
</main>
<script src="${base}search-index.js" defer></script>
<script src="${base}site.js" defer></script>
</body>
</html>
`;
}
