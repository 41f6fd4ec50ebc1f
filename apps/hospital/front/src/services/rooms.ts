// SPDX-License-Identifier: MIT
// rooms: which rooms the page wants to be in. They outlive connections: each
// new one joins them again. Two parts of a page may want the same room; it is
// left when the last of them has gone.

export interface Answer {
  status: string;
  message?: string;
  [more: string]: any;
}

export type Ask = (event: string, body: object) => Promise<Answer>;

interface Room {
  name: string;
  join: string;
  leave: string;
  body: () => object;
  users: number;
  answered: (answer: Answer) => void;
  answer: Promise<Answer>;
}

export interface RoomKind {
  join: string;
  leave: string;
  body: () => object;
}

export class Rooms {
  #rooms = new Map<string, Room>();
  #ask: Ask;
  #isOpen = false;
  #joined: (name: string, answer: Answer) => void;

  // `ask` sends an event; `joined` hears what a room answered.
  constructor(ask: Ask, joined: (name: string, answer: Answer) => void) {
    this.#ask = ask;
    this.#joined = joined;
  }

  async #enter(room: Room): Promise<void> {
    const answer = await this.#ask(room.join, room.body());
    room.answered(answer);
    if (this.#rooms.get(room.name) === room) this.#joined(room.name, answer);
  }

  // Resolves with what the room answers, at the next connection if there is
  // none.
  join(name: string, kind: RoomKind): Promise<Answer> {
    const known = this.#rooms.get(name);
    if (known) {
      known.users += 1;
      if (this.#isOpen) void this.#enter(known);
      return known.answer;
    }
    let answered: (answer: Answer) => void = () => {};
    const answer = new Promise<Answer>((done) => { answered = done; });
    const room = { name, ...kind, users: 1, answered, answer };
    this.#rooms.set(name, room);
    if (this.#isOpen) void this.#enter(room);
    return answer;
  }

  leave(name: string): void {
    const room = this.#rooms.get(name);
    if (!room || (room.users -= 1) > 0) return;
    this.#rooms.delete(name);
    if (this.#isOpen) void this.#ask(room.leave, room.body());
  }

  // There is a connection: all of them again.
  open(): void {
    this.#isOpen = true;
    for (const room of this.#rooms.values()) void this.#enter(room);
  }

  close(): void {
    this.#isOpen = false;
  }
}
