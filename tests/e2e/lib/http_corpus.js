// SPDX-License-Identifier: MIT
'use strict';
// Requests that a strict HTTP/1.1 server must take, and requests that it must
// refuse (RFC9110, RFC9112). Each is followed on the same connection by a
// canary request, so that a wrong idea of where a message ends becomes visible.
//
// `expect` is the list of statuses until the server closes; an entry may be a
// list of alternatives, `also` holds further lists that are right as well. A
// refused request is the last one: the canary after it must not be answered.
// `node` tells what Node's server answers where it differs, `why` explains the
// difference for http_diff.js; an empty list = it keeps waiting or just closes.

const CANARY = 'GET /http/echo?canary HTTP/1.1\r\nHost: x\r\n' +
  'Connection: close\r\n\r\n';

const WHY = {
  host: 'Node does not look into Host',
  coding: 'Node frames by a last "chunked" and ignores the codings before it',
  huge: 'the echo handler on Node has no ceiling and waits for the body',
  version: 'Node takes some other versions and answers 400 to the rest',
  method: 'Node refuses a method that is not on its list',
  old: 'Node is lenient with what old versions did not have',
  blanks: 'Node skips repeated blanks in the request line',
  blank: 'Node reads extensions of a chunk by rules of its own',
  trailer: 'a length in the trailer is dropped, Node refuses it (RFC9110 6.5.1)',
  upgrade: 'Node ends connections that ask for a protocol nobody offers',
};

const REFUSED = [400];
const UNKNOWN_CODING = [[400, 501]];
const TAKEN = [200, 200];

const list = [];

function add(name, raw, expect, more = {}) {
  list.push({ name, raw: Buffer.from(raw, 'latin1'), expect, ...more });
}

const req = (line, headers = '', body = '') =>
  `${line}\r\nHost: x\r\n${headers}\r\n${body}`;
const get = (headers = '') => req('GET /http/echo HTTP/1.1', headers);
const post = (headers, body) => req('POST /http/echo HTTP/1.1', headers, body);
const chunked = (body) => post('Transfer-Encoding: chunked\r\n', body);
const length = (value, body = 'hello') =>
  post(`Content-Length: ${value}\r\n`, body);
const lineOf = (line) => req(line);

// --- taken ---------------------------------------------------------------------

add('a plain GET', get(), TAKEN, { echo: ['GET /http/echo 0\n'] });
add('an empty line before the request', `\r\n${get()}`, TAKEN);
add('two empty lines before the request', `\r\n\r\n${get()}`,
  TAKEN, { also: [REFUSED] });
add('a header name in any case', get('cONNECTION: keep-alive\r\n'), TAKEN);
add('no blank after the colon', get('X-A:b\r\n'), TAKEN);
add('blanks around a value', get('X-A: \t b \t \r\n'), TAKEN);
add('an empty value', get('X-A:\r\nX-B: \r\n'), TAKEN);
add('a tab inside a value', get('X-A: a\tb\r\n'), TAKEN);
add('obs-text in a value', get('X-A: \xe9\xff\r\n'), TAKEN);
add('every token character in a name',
  get("X!#$%&'*+-.^_`|~09az: 1\r\n"), TAKEN);
add('a body by length', length(5), TAKEN,
  { echo: ['POST /http/echo 5\nhello'] });
add('a body of length zero', length(0, ''), TAKEN);
add('a length with leading zeros', length('0005'), TAKEN);
add('a body on GET', `${get('Content-Length: 3\r\n')}abc`, TAKEN,
  { echo: ['GET /http/echo 3\nabc'] });
add('a body that looks like a request', length(get().length, get()), TAKEN,
  { echo: [`POST /http/echo ${get().length}\n${get()}`] });
add('a POST without a body', post('', ''), TAKEN,
  { echo: ['POST /http/echo 0\n'] });
add('a chunked body', chunked('5\r\nhello\r\n6\r\n world\r\n0\r\n\r\n'), TAKEN,
  { echo: ['POST /http/echo 11\nhello world'] });
add('an empty chunked body', chunked('0\r\n\r\n'), TAKEN);
add('chunk sizes in both cases',
  chunked(`A\r\n${'x'.repeat(10)}\r\na\r\n${'y'.repeat(10)}\r\n0\r\n\r\n`), TAKEN);
add('chunk sizes with leading zeros', chunked('005\r\nhello\r\n000\r\n\r\n'),
  TAKEN);
add('a chunk extension', chunked('5;a=b;c="d;e"\r\nhello\r\n0;x\r\n\r\n'), TAKEN,
  { echo: ['POST /http/echo 5\nhello'] });
add('trailer fields', chunked('5\r\nhello\r\n0\r\nX-Sum: 1\r\nX-B: 2\r\n\r\n'),
  TAKEN, { echo: ['POST /http/echo 5\nhello'] });
add('a length in the trailer has no effect',
  chunked('0\r\nContent-Length: 50\r\n\r\n'), TAKEN,
  { also: [REFUSED], why: WHY.trailer });
add('Transfer-Encoding in any case',
  post('tRANSFER-eNCODING: ChUnKeD\r\n', '0\r\n\r\n'), TAKEN);
add('Connection: close ends it', get('Connection: close\r\n'), [200],
  { canary: '' });
add('Connection with more tokens',
  get('Connection: x-other, Close\r\n'), [200], { canary: '' });
add('HTTP/1.0 without Host ends after the answer',
  'GET /http/echo HTTP/1.0\r\n\r\n', [200], { canary: '' });
add('an absolute target', req('GET http://x/http/echo HTTP/1.1'), TAKEN,
  { node: [404, 200], why: 'Node hands the absolute target to the handler' });
add('a query with odd characters',
  req("GET /http/echo?a=b&c=%20%zz;:@/?!$'()*,~ HTTP/1.1"), TAKEN);
add('an unknown Upgrade', get('Connection: Upgrade\r\nUpgrade: h2c\r\n'),
  TAKEN, { node: [], why: WHY.upgrade });
add('OPTIONS *', req('OPTIONS * HTTP/1.1'), [[200, 204, 404, 405], 200]);
add('five pipelined requests',
  [0, 1, 2, 3, 4].map((i) => req(`GET /http/echo?${i} HTTP/1.1`)).join(''),
  [200, 200, 200, 200, 200, 200],
  { echo: [0, 1, 2, 3, 4].map((i) => `GET /http/echo?${i} 0\n`) });
add('pipelined bodies of both kinds',
  length(5) + chunked('3\r\nabc\r\n0\r\n\r\n') + length(2, 'xy'),
  [200, 200, 200, 200], { echo: ['POST /http/echo 5\nhello',
    'POST /http/echo 3\nabc', 'POST /http/echo 2\nxy'] });

// --- lengths and smuggling -------------------------------------------------------

for (const [name, value] of [
  ['empty', ''], ['a sign', '+5'], ['negative', '-5'], ['hexadecimal', '0x5'],
  ['a suffix', '5x'], ['a fraction', '5.0'], ['an exponent', '5e0'],
  ['two numbers', '5 5'], ['a list of two', '5, 6'], ['a list of equals', '5, 5'],
  ['a comma', '5,'], ['quoted', '"5"'], ['a word', 'five'],
  ['an underscore', '1_0'], ['a vertical tab', '\x0b5'],
  ['a wide digit', '\xef\xbc\x95'], ['NUL', '5\0'],
]) add(`Content-Length: ${name}`, length(value), REFUSED);
for (const value of ['18446744073709551621', '4294967301',
  '9'.repeat(40), '9223372036854775808']) {
  add(`Content-Length: ${value.slice(0, 24)}`, length(value), [[400, 413]],
    ['4294967301', '9223372036854775808'].includes(value)
      ? { node: [], why: WHY.huge, canary: '' } : { canary: '' });
}
add('Content-Length twice, equal',
  post('Content-Length: 5\r\nContent-Length: 5\r\n', 'hello'), REFUSED);
add('Content-Length twice, different',
  post('Content-Length: 5\r\nContent-Length: 6\r\n', 'hello'), REFUSED);
add('Content-Length, then Transfer-Encoding',
  post('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'),
  REFUSED);
add('Transfer-Encoding, then Content-Length',
  post('Transfer-Encoding: chunked\r\nContent-Length: 5\r\n', '0\r\n\r\n'),
  REFUSED);
add('both, with the length of zero',
  post('Content-Length: 0\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'),
  REFUSED);
for (const value of ['chunked, chunked', 'chunked, gzip', 'chunked, identity']) {
  add(`Transfer-Encoding: ${value}`,
    post(`Transfer-Encoding: ${value}\r\n`, '0\r\n\r\n'), UNKNOWN_CODING);
}
for (const value of ['gzip, chunked', 'identity', 'xchunked', 'chunkedx',
  'chunked;q=1', '"chunked"', 'cow', 'gzip', '', 'chunked ,', '\x0bchunked', 'identity, chunked', 'x, chunked']) {
  add(`Transfer-Encoding: ${JSON.stringify(value)}`,
    post(`Transfer-Encoding: ${value}\r\n`, '0\r\n\r\n'), UNKNOWN_CODING,
    /^(gzip|identity|x)?, ?chunked$/.test(value)
      ? { node: TAKEN, why: WHY.coding }
      : value === '' ? { node: [200, 400], why: WHY.coding } : {});
}
add('an empty element before chunked',
  post('Transfer-Encoding: ,chunked\r\n', '0\r\n\r\n'), UNKNOWN_CODING,
  { also: [TAKEN] });
add('Transfer-Encoding twice',
  post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n',
    '0\r\n\r\n'), UNKNOWN_CODING);
add('Transfer-Encoding twice, the second unknown',
  post('Transfer-Encoding: chunked\r\nTransfer-Encoding: cow\r\n',
    '0\r\n\r\n'), UNKNOWN_CODING);
add('Transfer-Encoding in HTTP/1.0',
  'POST /http/echo HTTP/1.0\r\nHost: x\r\nTransfer-Encoding: chunked\r\n' +
  '\r\n0\r\n\r\n', UNKNOWN_CODING,
  { node: [[200, 400]], why: WHY.old });
add('a blank before the colon of Transfer-Encoding',
  post('Transfer-Encoding : chunked\r\n', '0\r\n\r\n'), REFUSED);
add('a blank before the colon of Content-Length',
  post('Content-Length : 5\r\n', 'hello'), REFUSED);
add('a tab before the colon', get('X-A\t: b\r\n'), REFUSED);

// --- chunks ----------------------------------------------------------------------

for (const [name, body] of [
  ['no size', '\r\nhello\r\n0\r\n\r\n'],
  ['a letter', 'g\r\nhello\r\n0\r\n\r\n'],
  ['0x', '0x5\r\nhello\r\n0\r\n\r\n'],
  ['a sign', '+5\r\nhello\r\n0\r\n\r\n'],
  ['negative', '-5\r\nhello\r\n0\r\n\r\n'],
  ['a blank before', ' 5\r\nhello\r\n0\r\n\r\n'],
  ['an underscore', '5_0\r\nhello\r\n0\r\n\r\n'],
  ['a bare LF after the size', '5\nhello\r\n0\r\n\r\n'],
  ['a bare CR after the size', '5\rhello\r\n0\r\n\r\n'],
  ['more than 64 bits', 'fffffffffffffffff\r\nhello\r\n0\r\n\r\n'],
  ['64 bits and one', '10000000000000005\r\nhello\r\n0\r\n\r\n'],
  ['data longer than announced', '5\r\nhello!\r\n0\r\n\r\n'],
  ['no line end after the data', '5\r\nhello0\r\n\r\n'],
  ['a bare LF after the data', '5\r\nhello\n0\r\n\r\n'],
  ['a bare CR after the data', '5\r\nhello\r0\r\n\r\n'],
  ['a bare LF in an extension', '5;a\nb\r\nhello\r\n0\r\n\r\n'],
  ['a bare CR in an extension', '5;a\rb\r\nhello\r\n0\r\n\r\n'],
  ['NUL in an extension', '5;a\0b\r\nhello\r\n0\r\n\r\n'],
  ['a bare LF at the end', '5\r\nhello\r\n0\r\n\n'],
]) add(`chunk: ${name}`, chunked(body), REFUSED);
for (const [name, body] of [
  ['a blank before an extension', '5 ;a\r\nhello\r\n0\r\n\r\n'],
  ['blanks inside an extension', '5; a\t= "b"\r\nhello\r\n0\r\n\r\n'],
]) add(`chunk: ${name}`, chunked(body), TAKEN, { node: REFUSED, why: WHY.blank });
for (const [name, body] of [
  ['a semicolon alone', '5;\r\nhello\r\n0\r\n\r\n'],
  ['an extension without a name', '5;=a\r\nhello\r\n0\r\n\r\n'],
  ['a value with a colon', '5;a=b:c\r\nhello\r\n0\r\n\r\n'],
  ['an open quote', '5;a="b\r\nhello\r\n0\r\n\r\n'],
  ['a blank behind an extension', '5;a \r\nhello\r\n0\r\n\r\n'],
]) add(`chunk: ${name}`, chunked(body), REFUSED,
  /^(a semi|an ext)/.test(name) ? { node: TAKEN, why: WHY.blank } : {});
add('chunk: a blank after the size', chunked('5 \r\nhello\r\n0\r\n\r\n'),
  REFUSED);
add('chunk: 0xffffffffffffffff', chunked('ffffffffffffffff\r\nhello'),
  [[400, 413]], { node: [], why: WHY.huge, canary: '' });
for (const [name, field] of [['without a colon', 'nonsense\r\n'],
  ['folded', 'X-A: b\r\n c\r\n'], ['with a bare LF', 'X-A: b\n'],
  ['with a blank name', 'X A: b\r\n'], ['with NUL', 'X-A: \0\r\n']]) {
  add(`a trailer field ${name}`, chunked(`0\r\n${field}\r\n`), REFUSED);
}

// --- fields ----------------------------------------------------------------------

for (const [name, headers] of [
  ['folded', 'X-A: b\r\n c\r\n'], ['folded by a tab', 'X-A: b\r\n\tc\r\n'],
  ['without a colon', 'nonsense\r\n'], ['without a name', ': x\r\n'],
  ['with a blank in the name', 'X A: b\r\n'],
  ['with a parenthesis in the name', 'X(A): b\r\n'],
  ['with a quote in the name', 'X"A": b\r\n'],
  ['with a slash in the name', 'X/A: b\r\n'],
  ['with obs-text in the name', 'X-\xe9: b\r\n'],
  ['with NUL in the name', 'X\0A: b\r\n'],
  ['with NUL in the value', 'X-A: a\0b\r\n'],
  ['with a control character', 'X-A: a\x01b\r\n'],
  ['with a vertical tab', 'X-A: a\x0bb\r\n'],
  ['with DEL', 'X-A: a\x7fb\r\n'],
  ['with ESC', 'X-A: \x1b[1m\r\n'],
  ['ended by a bare LF', 'X-A: b\n'],
  ['ended by a bare CR', 'X-A: b\r'],
  ['with a bare CR inside', 'X-A: a\rb\r\n'],
  ['ended by CR CR LF', 'X-A: b\r\r\n'],
  ['hidden behind a bare LF', 'X-A: b\nContent-Length: 5\r\n'],
]) add(`a field ${name}`, get(headers), REFUSED);
add('a first line of fields that starts with a blank',
  'GET /http/echo HTTP/1.1\r\n Host: x\r\n\r\n', REFUSED);
add('bare LF everywhere',
  'GET /http/echo HTTP/1.1\nHost: x\n\n', REFUSED);
add('a bare LF ends the head', 'GET /http/echo HTTP/1.1\r\nHost: x\r\n\n',
  REFUSED);
add('no Host', 'GET /http/echo HTTP/1.1\r\n\r\n', REFUSED);
add('two Hosts', get('Host: y\r\n'), REFUSED, { node: TAKEN, why: WHY.host });
add('two equal Hosts', get('Host: x\r\n'), REFUSED,
  { node: TAKEN, why: WHY.host });
for (const host of ['a b', 'a/b', 'a@b', 'a,b', 'x:port', 'a\\b', '[::1', 'a?b']) {
  add(`Host: ${host}`, `GET /http/echo HTTP/1.1\r\nHost: ${host}\r\n\r\n`,
    REFUSED, { node: TAKEN, why: WHY.host });
}

// --- the request line --------------------------------------------------------------

for (const [name, line] of [
  ['two blanks after the method', 'GET  /http/echo HTTP/1.1'],
  ['two blanks before the version', 'GET /http/echo  HTTP/1.1'],
  ['a tab after the method', 'GET\t/http/echo HTTP/1.1'],
  ['a tab before the version', 'GET /http/echo\tHTTP/1.1'],
  ['a blank at the end', 'GET /http/echo HTTP/1.1 '],
  ['a blank at the start', ' GET /http/echo HTTP/1.1'],
  ['no target', 'GET HTTP/1.1'], ['an empty target', 'GET  HTTP/1.1'],
  ['a blank in the target', 'GET /http/ echo HTTP/1.1'],
  ['no slash', 'GET http/echo HTTP/1.1'],
  ['a lower-case version', 'GET /http/echo http/1.1'],
  ['another protocol', 'GET /http/echo HTPP/1.1'],
  ['a long minor version', 'GET /http/echo HTTP/1.10'],
  ['a long major version', 'GET /http/echo HTTP/11.1'],
  ['no minor version', 'GET /http/echo HTTP/1'],
  ['a letter after the version', 'GET /http/echo HTTP/1.1x'],
  ['a comma in the version', 'GET /http/echo HTTP/1,1'],
  ['NUL in the target', 'GET /http/e\0cho HTTP/1.1'],
  ['a control character in the target', 'GET /http/e\x01cho HTTP/1.1'],
  ['DEL in the target', 'GET /http/e\x7fcho HTTP/1.1'],
  ['a bare CR in the target', 'GET /http/e\rcho HTTP/1.1'],
  ['a bare LF in the target', 'GET /http/e\ncho HTTP/1.1'],
  ['a parenthesis in the method', 'G(T /http/echo HTTP/1.1'],
  ['a bare CR as its end', 'GET /http/echo HTTP/1.1\rX: y'],
]) add(`request line: ${name}`, lineOf(line), [[400, 501, 505]],
  /^two blanks/.test(name) ? { node: TAKEN, why: WHY.blanks } : {});
add('request line: obs-text in the target', lineOf('GET /http/\xe9 HTTP/1.1'),
  REFUSED);
add('request line: no version', 'GET /http/echo\r\n\r\n', [[400, 505]],
  { node: [[200, 400]], why: WHY.old });
for (const version of ['2.0', '3.0', '0.9', '9.9']) {
  add(`request line: HTTP/${version}`, lineOf(`GET /http/echo HTTP/${version}`),
    [505], { node: [[200, 400]], why: WHY.version });
}
add('the preface of HTTP/2', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', [[400, 505]]);
add('an unknown method', lineOf('BREW /http/echo HTTP/1.1'),
  [[405, 501], 200],
  { also: [[501]], node: REFUSED, why: WHY.method });
add('a method in lower case', lineOf('get /http/echo HTTP/1.1'),
  [[405, 501], 200], { also: [REFUSED, [501]], node: REFUSED });
add('CONNECT', 'CONNECT x:80 HTTP/1.1\r\nHost: x:80\r\n\r\n',
  [[404, 405, 501], 200], { also: [[400], [405], [501]],
    node: [], why: WHY.upgrade });
add('a TLS greeting',
  '\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03abcdefghijklmnopqrstuvwxyz',
  REFUSED);

module.exports = { list, CANARY };
