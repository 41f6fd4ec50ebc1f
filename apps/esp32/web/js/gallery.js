// SPDX-License-Identifier: MIT
// gallery: the pictures, newest first, with captions, and one of them large.
import { apiPage } from './api.js';
import { dialogClosesOutside } from './dialog.js';
import { byId, countOf, el, formatBytes, formatClock, ownPath, parseTime, serverNow, setText } from './dom.js';

const pageSize = 12;
const maxPictures = 120;
// A caption that has not come by then is not coming.
const analysisMs = 60000;

let pictures = [];
let deviceId = '';
let cursor = null;
let largeId = null;
const cards = new Map();

function captionOf(picture) {
  if (picture.caption) return picture.caption;
  const young = serverNow() - parseTime(picture.timestamp) < analysisMs;
  return young ? 'Analysing…' : 'No caption';
}

function build(picture) {
  const image = el('img', {
    src: ownPath(picture.thumb_url ?? picture.url), alt: '', loading: 'lazy', decoding: 'async',
    width: picture.width, height: picture.height,
  });
  const caption = el('span', { class: 'caption' });
  const detail = el('span', { class: 'hint' },
    el('span', { text: picture.device_id ?? 'unknown' }),
    el('time', { text: formatClock(parseTime(picture.timestamp)) }));
  const button = el('button', {
    type: 'button', on: { click: () => openLarge(picture) },
  }, el('span', { class: 'frame' }, image), caption, detail);
  image.addEventListener('error', () => button.classList.add('broken'));
  return { node: el('li', {}, button), caption };
}

function showCaption(picture) {
  const card = cards.get(picture.image_id);
  if (!card) return;
  setText(card.caption, captionOf(picture));
  card.caption.classList.toggle('pending', captionOf(picture) === 'Analysing…');
}

const fits = (picture) => !deviceId || picture.device_id === deviceId;

function render() {
  const list = byId('gallery');
  pictures.sort((a, b) => parseTime(b.timestamp) - parseTime(a.timestamp) || b.image_id - a.image_id);
  for (const old of pictures.splice(maxPictures)) forget(old);
  pictures.forEach((picture, i) => {
    if (!cards.has(picture.image_id)) cards.set(picture.image_id, build(picture));
    const { node } = cards.get(picture.image_id);
    if (list.children[i] !== node) list.insertBefore(node, list.children[i] ?? null);
    showCaption(picture);
  });
  byId('gallery-empty').hidden = pictures.length > 0;
  byId('gallery-more').hidden = cursor === null || pictures.length >= maxPictures;
}

function forget(picture) {
  cards.get(picture.image_id)?.node.remove();
  cards.delete(picture.image_id);
}

function put(picture) {
  const known = pictures.find((one) => one.image_id === picture.image_id);
  if (known) Object.assign(known, picture);
  else pictures.push(picture);
}

// A camera_update: the picture at once, and again with its caption.
export function galleryUpdate(picture) {
  if (!fits(picture)) return;
  put(picture);
  render();
  // Also when it is another one: the place among all has changed.
  if (largeId !== null) showLarge();
}

async function load(before) {
  const asked = deviceId;
  const page = await apiPage('/api/images', { device_id: asked, limit: pageSize, before });
  if (asked !== deviceId) return [];
  page.data.forEach(put);
  if (before !== undefined || pictures.length <= pageSize) cursor = page.next;
  render();
  return page.data;
}

// Fetches and returns the newest pictures; those already shown stay.
export const galleryLoad = () => load();

// Shows the pictures of one device only; of all when `id` is empty.
export function galleryFilter(id) {
  if (id === deviceId) return Promise.resolve();
  deviceId = id;
  pictures.forEach(forget);
  pictures = [];
  cursor = null;
  return load();
}

// --- one picture, large -----------------------------------------------------

const largeAt = () => pictures.findIndex((one) => one.image_id === largeId);

function showLarge() {
  const large = largeAt();
  const picture = pictures[large];
  if (!picture) return;
  const image = byId('lightbox-image');
  const address = ownPath(picture.url);
  if (image.getAttribute('src') !== address) image.src = address;
  image.alt = picture.caption || `Picture from ${picture.device_id}`;
  image.width = picture.width;
  image.height = picture.height;
  byId('lightbox-open').href = address;
  setText(byId('lightbox-caption'), captionOf(picture));
  setText(byId('lightbox-detail'), [
    picture.device_id, formatClock(parseTime(picture.timestamp)),
    picture.width && `${picture.width} × ${picture.height}`,
    formatBytes(picture.bytes),
    Number.isFinite(picture.analysis_ms) && picture.caption && `analysed in ${picture.analysis_ms} ms`,
    `${large + 1} of ${countOf(pictures.length, 'picture')}`,
  ].filter(Boolean).join(' · '));
  byId('lightbox-prev').disabled = large === 0;
  byId('lightbox-next').disabled = large === pictures.length - 1;
}

function openLarge(picture) {
  largeId = picture.image_id;
  showLarge();
  byId('lightbox').showModal();
}

function step(by) {
  const next = pictures[largeAt() + by];
  if (!next) return;
  largeId = next.image_id;
  showLarge();
}

function onKey(event) {
  const large = largeAt();
  const moves = { ArrowLeft: -1, ArrowRight: 1, Home: -large, End: pictures.length - 1 - large };
  if (!(event.key in moves)) return;
  event.preventDefault();
  step(moves[event.key]);
}

export function startGallery(report) {
  const box = byId('lightbox');
  box.addEventListener('keydown', onKey);
  box.addEventListener('close', () => { largeId = null; });
  dialogClosesOutside(box);
  byId('lightbox-prev').addEventListener('click', () => step(-1));
  byId('lightbox-next').addEventListener('click', () => step(1));
  byId('lightbox-close').addEventListener('click', () => box.close());
  byId('gallery-more').addEventListener('click', () => load(cursor).catch(report));
  setInterval(() => pictures.forEach(showCaption), 10000);
}
