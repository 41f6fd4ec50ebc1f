// SPDX-License-Identifier: MIT
// picture: the newest frame on the screen. While one is being decoded, or nobody
// sees the page, the next waits, and a newer one takes its place: a slow screen
// falls behind by one. Every address of a picture that was made is given back.
import { byId, serverNow } from './dom.js';
import { pointsClear, pointsDraw } from './points.js';

let waiting = null;
let loading = null;
let shown = '';
let onShown = () => {};

// An attachment, or base64 of a server that sends no attachments.
function addressOf({ frame, frame_base64: text }) {
  if (frame instanceof ArrayBuffer || ArrayBuffer.isView(frame)) {
    return URL.createObjectURL(new Blob([frame], { type: 'image/jpeg' }));
  }
  return text ? `data:image/jpeg;base64,${text}` : '';
}

const giveBack = (address) => address.startsWith('blob:') && URL.revokeObjectURL(address);

function begin(update) {
  const address = addressOf(update);
  if (!address) return;
  loading = { update, address };
  byId('camera-frame').src = address;
}

function next() {
  loading = null;
  if (!waiting || document.hidden) return;
  const update = waiting;
  waiting = null;
  begin(update);
}

function loaded() {
  if (!loading) return;
  const { update, address } = loading;
  giveBack(shown);
  shown = address;
  byId('camera-frame').hidden = false;
  pointsDraw(update);
  onShown(serverNow() - 1000 * update.captured_at);
  next();
}

// A broken picture is not shown: the one before it is again.
function failed() {
  if (!loading) return;
  giveBack(loading.address);
  next();
  if (!loading && shown) byId('camera-frame').src = shown;
}

// One frame has come.
export function pictureTake(update) {
  if (loading || document.hidden) waiting = update;
  else begin(update);
}

// No picture is to be seen any more.
export function pictureForget() {
  for (const address of [shown, loading?.address ?? '']) giveBack(address);
  waiting = null;
  loading = null;
  shown = '';
  byId('camera-frame').hidden = true;
  byId('camera-frame').removeAttribute('src');
  pointsClear();
}

// Calls `shownHandler(latencyMs)` when a frame is on the screen: from its capture
// to its onload.
export function startPicture(shownHandler) {
  onShown = shownHandler;
  const image = byId('camera-frame');
  image.addEventListener('load', loaded);
  image.addEventListener('error', failed);
  document.addEventListener('visibilitychange', () => !document.hidden && !loading && next());
}
