// SPDX-License-Identifier: MIT
// site: search, the list of pages on a phone, copying, light and dark.
(() => {
  const MOST = 30;
  const base = document.body.dataset.base;
  const field = document.getElementById('search');
  const found = document.getElementById('found');
  const menu = document.getElementById('menu');

  const wordsOf = (text) => text.toLowerCase().split(/[^\p{L}\p{N}_]+/u).filter(Boolean);

  // Each word is somewhere: best in the page's name, then in the heading.
  function score([, page, title, text], words) {
    const [inPage, inTitle, inText] = [page, title, text].map((part) => part.toLowerCase());
    let sum = 0;
    for (const word of words) {
      const points = (inTitle.includes(word) ? 20 : 0) + (inPage.includes(word) ? 10 : 0) +
        (inText.includes(word) ? 1 : 0);
      if (!points) return 0;
      sum += points;
    }
    return sum;
  }

  function around(text, word) {
    const at = Math.max(0, text.toLowerCase().indexOf(word) - 50);
    return `${at ? '… ' : ''}${text.slice(at, at + 140)}…`;
  }

  function show() {
    const words = wordsOf(field.value);
    found.hidden = !words.length;
    if (found.hidden) return;
    const hits = window.pealIndex.map((entry) => [score(entry, words), entry])
      .filter(([points]) => points).sort((a, b) => b[0] - a[0]);
    const head = document.createElement('p');
    head.textContent = hits.length ? `${hits.length} places` : 'Nothing matches. Fewer words, or a part of one, may.';
    const list = document.createElement('ol');
    for (const [, [href, page, title, text]] of hits.slice(0, MOST)) {
      const link = Object.assign(document.createElement('a'), { href: base + href });
      link.textContent = page === title ? title : `${page}: ${title}`;
      const line = document.createElement('small');
      line.textContent = around(text, words[0]);
      const item = document.createElement('li');
      item.append(link, line);
      list.append(item);
    }
    found.replaceChildren(head, list);
  }

  function close() {
    field.value = '';
    show();
    field.blur();
  }

  field.addEventListener('input', show);
  field.form.addEventListener('submit', (event) => {
    event.preventDefault();
    found.querySelector('a')?.click();
  });
  document.addEventListener('keydown', (event) => {
    if (event.key === 'Escape') close();
    if (event.key !== '/' || event.target.closest('input, textarea')) return;
    event.preventDefault();
    field.focus();
  });
  found.addEventListener('click', (event) => event.target.closest('a') && close());

  menu.addEventListener('click', () => {
    const isOpen = document.body.classList.toggle('with-pages');
    menu.setAttribute('aria-expanded', String(isOpen));
  });

  document.getElementById('theme').addEventListener('click', () => {
    const isDark = getComputedStyle(document.documentElement).colorScheme.includes('dark');
    const theme = isDark ? 'light' : 'dark';
    document.documentElement.dataset.theme = theme;
    try {
      localStorage.setItem('peal-theme', theme);
    } catch { /* until the page is left */ }
  });

  for (const block of document.querySelectorAll('pre')) {
    block.tabIndex = 0;
    const copy = Object.assign(document.createElement('button'), { type: 'button', className: 'copy', textContent: 'Copy' });
    copy.addEventListener('click', async () => {
      let said = 'Copied';
      try {
        await navigator.clipboard.writeText(block.querySelector('code').textContent);
      } catch {
        said = 'Not allowed';
      }
      copy.textContent = said;
      setTimeout(() => { copy.textContent = 'Copy'; }, 1500);
    });
    const box = Object.assign(document.createElement('div'), { className: 'code scroll' });
    block.replaceWith(box);
    box.append(block, copy);
  }
})();
