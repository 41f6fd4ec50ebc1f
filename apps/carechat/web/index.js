// SPDX-License-Identifier: MIT
// index: to the chat with a session, to the sign-in page without one.
import { sessionIsLikely } from './js/session.js';

location.replace(sessionIsLikely() ? '/chat.html' : '/login.html');
