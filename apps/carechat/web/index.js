// SPDX-License-Identifier: MIT
// index: to the chat with a session, to the sign-in page without one.
import { personIsLikely } from './js/person.js';

location.replace(personIsLikely() ? '/chat.html' : '/login.html');
