// SPDX-License-Identifier: MIT
// words: what is known, as the page says it: one state, one colour, one text.
// Pure: the same knowledge always gives the same words.

const downSayMs = 3000;
const refresh = 'Please refresh the page';
export const brokenMessage = 'Connection error. Please refresh the page.';

const postures = {
  nobody: ['offline', 'No User Detected', 'Step into camera view to begin posture monitoring'],
  undecided: ['offline', 'Detecting Posture...', 'Sit at your desk for posture classification to begin'],
  good: ['good', '✓ Good Posture', 'Great! Keep up the good posture.'],
  bad: ['bad', '⚠ Bad Posture', 'Sit up straight and align your shoulders'],
};

// Of a frame: nobody, undecided, good or bad.
export function postureOf(update) {
  if (!update) return '';
  if (update.user_present === false) return 'nobody';
  return update.posture_state === 'good' || update.posture_state === 'bad' ? update.posture_state : 'undecided';
}

const say = (look, text, message, cv) => ({ look, text, message, cv });

function whenDown({ isRefused, downMs }) {
  if (isRefused) return say('offline', 'Connection Error', refresh, refresh);
  const text = downMs > downSayMs ? 'Reconnecting...' : 'Connecting...';
  return say('offline', text, 'The picture comes back by itself.', 'Reconnecting...');
}

const sentence = (text) => `${text.slice(0, 1).toUpperCase()}${text.slice(1)}.`;
const retryText = (s) => (s > 0 ? `; trying again in ${Math.round(s)} s` : '');

// {state, reason, retry_seconds} of a camera in words.
export function cameraText({ state, reason, retry_seconds: retryS }) {
  const name = { connected: 'Connected', degraded: 'Degraded', disconnected: 'Disconnected', paused: 'Paused' }[state];
  if (!name) return '';
  return `${name}${reason ? `: ${reason}` : ''}${state === 'disconnected' ? retryText(retryS) : ''}`;
}

function whenSilent({ camera, isPaused }) {
  if (isPaused) {
    return say('offline', 'Monitoring Paused', 'Nothing is watched until you resume.', 'Paused');
  }
  const told = cameraText(camera);
  if (camera.state === 'disconnected') {
    return say('offline', 'Camera Disconnected', sentence(camera.reason || 'no camera is there'), told);
  }
  return say('offline', 'Waiting for the Camera', 'No picture arrives at the moment.', told || 'No pictures arrive');
}

// What is known: isLive (of the connection), isRefused, downMs; camera, isPaused;
// isArriving (frames), posture of the last one, isBroken (the server said so).
export function wordsOf(known) {
  if (!known.isLive) return whenDown(known);
  if (!known.isArriving) return whenSilent(known);
  const cv = known.camera.state === 'degraded' ? cameraText(known.camera) : 'Running (Real-time updates active)';
  const [look, text, message] = postures[known.posture] ?? ['good', 'Monitoring Active', ''];
  return say(look, text, known.isBroken ? brokenMessage : message, cv);
}
