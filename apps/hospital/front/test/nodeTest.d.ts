// SPDX-License-Identifier: MIT
// nodeTest: what the tests use of Node.
declare module 'node:test' {
  export default function test(name: string, work: () => unknown): void;
}
declare module 'node:assert/strict' {
  const assert: {
    (value: unknown, words?: string): asserts value;
    equal(actual: unknown, wanted: unknown, words?: string): void;
    deepEqual(actual: unknown, wanted: unknown, words?: string): void;
    ok(value: unknown, words?: string): asserts value;
  };
  export default assert;
}
