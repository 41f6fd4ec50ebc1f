// SPDX-License-Identifier: MIT
// site: the files of a folder (PEAL_SITE), as any server of files gives them.
//   PEAL_SITE=DIR node site.js --port N
import fs from 'node:fs';
import http from 'node:http';
import path from 'node:path';
import { parseArgs } from 'node:util';

const { values: opts } = parseArgs({ options: { port: { type: 'string' }, 'data-dir': { type: 'string' } } });
const TYPES = { '.html': 'text/html', '.js': 'text/javascript', '.css': 'text/css', '.png': 'image/png' };

http.createServer((request, response) => {
  const name = path.posix.normalize(decodeURI(new URL(request.url, 'http://x').pathname));
  const file = path.join(process.env.PEAL_SITE, name === '/' ? 'index.html' : name);
  const isThere = fs.existsSync(file) && fs.statSync(file).isFile();
  response.writeHead(isThere ? 200 : 404, { 'Content-Type': TYPES[path.extname(file)] ?? 'text/plain' });
  response.end(isThere ? fs.readFileSync(file) : 'not found\n');
}).listen(Number(opts.port), '127.0.0.1');
