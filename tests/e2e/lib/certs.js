// SPDX-License-Identifier: MIT
'use strict';
// Certificates of a test, made by openssl in a folder that goes with it.
const { execFileSync } = require('node:child_process');
const fs = require('node:fs');
const os = require('node:os');
const path = require('node:path');

const EC = ['ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];

class Certs {
  constructor() {
    this.folder = fs.mkdtempSync(path.join(os.tmpdir(), 'peal-certs-'));
    process.once('exit',
      () => fs.rmSync(this.folder, { recursive: true, force: true }));
  }

  at(name) { return path.join(this.folder, name); }

  openssl(...args) {
    execFileSync('openssl', args,
      { cwd: this.folder, stdio: ['ignore', 'ignore', 'pipe'] });
  }

  // NAME.crt and NAME.key.
  authority(name = 'ca') {
    this.openssl('req', '-x509', '-newkey', ...EC, '-keyout', `${name}.key`,
      '-out', `${name}.crt`, '-days', '2', '-subj', `/CN=${name} authority`);
  }

  // Signed by an authority; `lines` are further extensions.
  certificate(name, { cn = name, ca = 'ca', names = 'DNS:localhost,IP:127.0.0.1',
    lines = [], expired = false } = {}) {
    this.openssl('req', '-newkey', ...EC, '-keyout', `${name}.key`, '-out',
      `${name}.csr`, '-subj', `/CN=${cn}`);
    fs.writeFileSync(this.at(`${name}.ext`),
      [`subjectAltName=${names}`, ...lines, ''].join('\n'));
    if (expired) this.expired(name, ca);
    else {
      this.openssl('x509', '-req', '-in', `${name}.csr`, '-CA', `${ca}.crt`,
        '-CAkey', `${ca}.key`, '-CAcreateserial', '-out', `${name}.crt`,
        '-days', '2', '-extfile', `${name}.ext`);
    }
  }

  // `openssl ca` knows dates that have gone.
  expired(name, ca) {
    fs.writeFileSync(this.at('index.txt'), '');
    fs.writeFileSync(this.at('ca.conf'), `[ca]
default_ca = a
[a]
new_certs_dir = ${this.folder}
database = ${this.at('index.txt')}
rand_serial = yes
default_md = sha256
policy = p
unique_subject = no
[p]
commonName = supplied
`);
    this.openssl('ca', '-batch', '-config', 'ca.conf', '-in', `${name}.csr`,
      '-cert', `${ca}.crt`, '-keyfile', `${ca}.key`, '-out', `${name}.crt`,
      '-startdate', '20200101000000Z', '-enddate', '20200201000000Z',
      '-extfile', `${name}.ext`, '-notext');
  }
}

module.exports = { Certs };
