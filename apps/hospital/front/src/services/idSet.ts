// SPDX-License-Identifier: MIT
// idSet: ids of alerts that were seen. Each node of a cluster numbers its own
// (the node is what remains of id / 2^20), upwards: kept as ranges, millions of
// them are a few pairs.

const nodes = 2 ** 20;
// Of one node. Beyond it the oldest half of the gaps counts as seen.
const maxRanges = 20000;

type Range = [first: number, last: number];

// The range that `seq` is in or behind, -1 in front of all.
function find(ranges: Range[], seq: number): number {
  let low = 0;
  let high = ranges.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    if (ranges[middle]![0] <= seq) low = middle + 1;
    else high = middle;
  }
  return low - 1;
}

// Sorted and apart from each other by at least one number. False: it was in.
function add(ranges: Range[], seq: number): boolean {
  const index = find(ranges, seq);
  const before = ranges[index];
  if (before && seq <= before[1]) return false;
  const after = ranges[index + 1];
  if (before?.[1] === seq - 1) {
    before[1] = seq;
    if (after?.[0] === seq + 1) {
      before[1] = after[1];
      ranges.splice(index + 1, 1);
    }
  } else if (after?.[0] === seq + 1) {
    after[0] = seq;
  } else {
    ranges.splice(index + 1, 0, [seq, seq]);
  }
  return true;
}

export class IdSet {
  #nodes = new Map<number, Range[]>();
  #size = 0;

  get size(): number {
    return this.#size;
  }

  // False: it was in.
  add(id: number): boolean {
    const node = id % nodes;
    let ranges = this.#nodes.get(node);
    if (!ranges) this.#nodes.set(node, ranges = []);
    if (!add(ranges, Math.floor(id / nodes))) return false;
    if (ranges.length > maxRanges) {
      const half = maxRanges / 2;
      ranges.splice(0, half, [ranges[0]![0], ranges[half - 1]![1]]);
    }
    this.#size += 1;
    return true;
  }

  // The greatest of each node.
  lasts(): number[] {
    return [...this.#nodes].map(([node, ranges]) => ranges.at(-1)![1] * nodes + node);
  }
}
