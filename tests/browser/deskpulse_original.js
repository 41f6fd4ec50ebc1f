// SPDX-License-Identifier: MIT
// deskpulse_original: the script of a dashboard as people have it from a server
// on Flask-SocketIO: base64 pictures in JSON, no acknowledgements, one global
// socket. It is served as it is, and must work.
'use strict';

let socket;
let disconnectTimer = null;
// For the test: what this script has heard.
const heard = { status: [], updates: 0, cameraStatus: [], alerts: [], cleared: 0, errors: [] };

document.addEventListener('DOMContentLoaded', function () {
  initializeSocketIO();
  setInterval(updateTimestamp, 1000);
  updateTimestamp();
});

function initializeSocketIO() {
  socket = io({ reconnection: true, reconnectionDelay: 1000, reconnectionDelayMax: 5000 });

  socket.on('connect', function () {
    clearTimeout(disconnectTimer);
    updateConnectionStatus('connected');
  });
  socket.on('disconnect', function () {
    updateConnectionStatus('disconnected');
    disconnectTimer = setTimeout(function () {
      document.getElementById('status-text').textContent = 'Reconnecting...';
    }, 3000);
  });
  socket.on('connect_error', function () {
    updateConnectionStatus('error');
  });
  socket.on('status', function (data) {
    heard.status.push(data);
  });
  socket.on('posture_update', function (data) {
    heard.updates += 1;
    updatePostureStatus(data);
    updateCameraFeed(data.frame_base64);
  });
  socket.on('camera_status', function (data) {
    heard.cameraStatus.push(data);
  });
  socket.on('alert_triggered', function (data) {
    heard.alerts.push(data);
  });
  socket.on('alert_cleared', function () {
    heard.cleared += 1;
  });
  socket.on('error', function (data) {
    heard.errors.push(data);
    document.getElementById('posture-message').textContent = 'Connection error. Please refresh the page.';
  });
}

function updateConnectionStatus(status) {
  const dot = document.getElementById('status-dot');
  const text = document.getElementById('status-text');
  const cv = document.getElementById('cv-status');
  if (status === 'connected') {
    dot.className = 'status-indicator status-good';
    text.textContent = 'Monitoring Active';
    cv.textContent = 'Running (Real-time updates active)';
  } else if (status === 'error') {
    dot.className = 'status-indicator status-offline';
    text.textContent = 'Connection Error';
    cv.textContent = 'Please refresh the page';
  } else {
    dot.className = 'status-indicator status-offline';
    text.textContent = 'Connecting...';
    cv.textContent = 'Reconnecting...';
  }
}

function updatePostureStatus(data) {
  const dot = document.getElementById('status-dot');
  const text = document.getElementById('status-text');
  const message = document.getElementById('posture-message');
  if (!data.user_present) {
    dot.className = 'status-indicator status-offline';
    text.textContent = 'No User Detected';
    message.textContent = 'Step into camera view to begin posture monitoring';
  } else if (data.posture_state === null) {
    dot.className = 'status-indicator status-offline';
    text.textContent = 'Detecting Posture...';
    message.textContent = 'Sit at your desk for posture classification to begin';
  } else if (data.posture_state === 'good') {
    dot.className = 'status-indicator status-good';
    text.textContent = '✓ Good Posture';
    message.textContent = 'Great! Keep up the good posture.';
  } else {
    dot.className = 'status-indicator status-bad';
    text.textContent = '⚠ Bad Posture';
    message.textContent = 'Sit up straight and align your shoulders';
  }
}

function updateCameraFeed(frameBase64) {
  if (!frameBase64) return;
  const frame = document.getElementById('camera-frame');
  frame.src = 'data:image/jpeg;base64,' + frameBase64;
  frame.style.display = 'block';
  document.getElementById('camera-placeholder').style.display = 'none';
}

function updateTimestamp() {
  document.getElementById('last-update').textContent = new Date().toLocaleTimeString();
}
