// SPDX-License-Identifier: MIT
// actors: who speaks to a cluster without being one of its nodes.
const KINDS = {};

export async function startActors(names, opts) {
  return Promise.all(names.map((name) => new KINDS[name](opts).start()));
}
