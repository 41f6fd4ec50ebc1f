// SPDX-License-Identifier: MIT
// api: the server's HTTP side. Every failure becomes an ApiError whose
// message a person understands.

const timeoutMs = 15000;

export class ApiError extends Error {
  constructor(status, message, field = '') {
    super(message);
    this.status = status;
    this.field = field;
  }
}

// What every request carries: headers, or a promise of them.
let headers = () => ({});

export function apiCarries(give) {
  headers = give;
}

const meanings = {
  401: 'Please sign in.',
  403: 'The server does not allow this.',
  404: 'The server does not know what was asked for.',
  413: 'That is too large for the server.',
  429: 'Too many requests at once. Please wait a moment.',
};

async function failure(response) {
  let told = '';
  let field = '';
  try {
    ({ message: told = '', field = '' } = await response.json());
  } catch {
    // Not every proxy in between answers in JSON.
  }
  const meaning = meanings[response.status] ?? (response.status >= 500
    ? 'The server has a problem. Please try again soon.'
    : `The server refused the request (${response.status}).`);
  const isAboutInput = field || response.status === 422;
  return new ApiError(response.status, isAboutInput && told ? String(told) : meaning, String(field));
}

async function send(path, options) {
  let response;
  try {
    response = await fetch(path, {
      credentials: 'same-origin', signal: AbortSignal.timeout(timeoutMs), ...options,
      headers: { ...await headers(), ...options?.headers },
    });
  } catch {
    throw new ApiError(0, 'The server cannot be reached.');
  }
  if (!response.ok) throw await failure(response);
  try {
    return await response.json();
  } catch {
    throw new ApiError(response.status, 'The server gave an unreadable answer.');
  }
}

// The path with what of `query` is known.
export function withQuery(path, query) {
  const params = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== null && value !== '') params.set(name, value);
  }
  const text = params.toString();
  return text ? `${path}?${text}` : path;
}

// One page of a history, newest first: {data, next}.
export async function apiPage(path, query = {}) {
  const answer = await send(withQuery(path, query));
  return { data: Array.isArray(answer.data) ? answer.data : [], next: answer.next ?? null };
}

export const apiGet = (path, query = {}) => send(withQuery(path, query));

export function apiSend(method, path, body, more = {}) {
  return send(path, {
    method, headers: { 'Content-Type': 'application/json', ...more },
    body: JSON.stringify(body),
  });
}

export const apiPost = (path, body, more = {}) => apiSend('POST', path, body, more);

export const apiDelete = (path) => send(path, { method: 'DELETE' });
