// SPDX-License-Identifier: MIT
// socketService: the one connection of the page. It reconnects by itself, joins
// its rooms again, and tells the program which alerts have arrived. Who listens
// and which rooms are wanted outlives each connection.
import { io, type Socket } from 'socket.io-client';
import { Listeners, type Listener } from './listeners.ts';
import { namesOf } from './payloads.ts';
import { Rooms, type Answer, type RoomKind } from './rooms.ts';
import { onToken, sessionEnded, sessionRenew, sessionToken } from './session.ts';

export interface Link {
  state: 'off' | 'connecting' | 'live' | 'lost';
  text: string;
  transport: string; // '': none
  tripMs: number; // NaN: not measured
}

export type { Answer };

const ackMs = 8000;
const pingEveryMs = 5000;
const againMs = 1000;
const receivedEveryMs = 200;
const receivedAtOnce = 1000;
const off: Link = { state: 'off', text: 'Not connected', transport: '', tripMs: NaN };
const transports: Record<string, string> = { websocket: 'WebSocket', polling: 'polling' };
const isToken = (text: string): boolean => text.split('.').length === 3;

const hospital = (id: string): RoomKind =>
  ({ join: 'join_hospital', leave: 'leave_hospital', body: () => ({ hospital_id: id }) });
const triage: RoomKind = { join: 'join_triage', leave: 'leave_triage', body: () => ({}) };

class SocketService {
  #socket: Socket | null = null;
  #listeners = new Listeners();
  #rooms = new Rooms((event, body) => this.ask(event, body), (room, answer) => {
    this.#listeners.tell('room_joined', { room, status: answer.status === 'success' ? 'joined' : 'error', answer });
  });
  #link = off;
  #linkListeners = new Set<() => void>();
  #given = ''; // a token that came with connect()
  #wasLive = false;
  #hasRenewed = false;
  #answersPings = false;
  #received: number[] = [];
  #timers: ReturnType<typeof setInterval>[] = [];
  // Set by who keeps the alerts: the greatest ids that are known, so that the
  // program sends what was missed.
  known: () => number[] = () => [];
  knownOf: (patientId: string) => number | undefined = () => undefined;

  constructor() {
    onToken((token) => this.#renewInPlace(token));
  }

  // --- the connection --------------------------------------------------------

  // Connects as who is signed in, or with `token`. (What the first edition gave
  // here, a user and a role, is in the token.)
  connect(token = '', _role = ''): Promise<void> {
    if (isToken(token)) this.#given = token;
    const socket = this.#socket ?? this.#make();
    if (socket.connected) return Promise.resolve();
    if (this.#link.state === 'off') this.#show({ state: 'connecting', text: 'Connecting…' });
    const done = new Promise<void>((resolve) => { socket.once('connect', resolve); });
    socket.connect();
    return done;
  }

  // Rooms and listeners stay: they belong to parts of the page, which leave them
  // when they go.
  disconnect(): void {
    for (const timer of this.#timers) clearInterval(timer);
    this.#timers = [];
    this.#socket?.removeAllListeners();
    this.#socket?.disconnect();
    this.#socket = null;
    this.#given = '';
    this.#wasLive = false;
    this.#received = [];
    this.#rooms.close();
    this.#link = off;
    this.#show({});
  }

  isConnected(): boolean {
    return this.#socket?.connected ?? false;
  }

  getSocket(): Socket | null {
    return this.#socket;
  }

  #make(): Socket {
    const socket = io({
      autoConnect: false,
      transports: ['websocket', 'polling'],
      tryAllTransports: true,
      reconnectionDelay: 500,
      reconnectionDelayMax: 5000,
      auth: (give) => void this.#auth().then(give),
    });
    this.#socket = socket;
    socket.on('connect', () => this.#connected(socket));
    socket.on('disconnect', (reason) => this.#disconnected(reason));
    socket.on('connect_error', (error) => void this.#refused(error as Error & { data?: { code?: string } }));
    socket.io.on('reconnect_attempt', (attempt) => this.#attempted(attempt));
    socket.onAny((event: string, said: unknown, ack: unknown) => this.#heard(event, said, ack));
    this.#timers = [
      setInterval(() => this.#sendReceived(), receivedEveryMs),
      setInterval(() => void this.#measure(), pingEveryMs),
    ];
    return socket;
  }

  async #auth(): Promise<object> {
    const token = await sessionToken() || this.#given;
    const ids = this.known();
    return ids.length ? { token, last_alert_id: ids } : { token };
  }

  #connected(socket: Socket): void {
    this.#hasRenewed = false;
    this.#show({ state: 'live', text: 'Live' });
    this.#showTransport();
    socket.io.engine.on('upgrade', () => this.#showTransport());
    setTimeout(() => void this.#measure(), againMs);
    this.#rooms.open();
    this.#listeners.tell('socket_connected', { again: this.#wasLive });
    this.#wasLive = true;
  }

  #disconnected(reason: string): void {
    this.#rooms.close();
    this.#show({ state: 'lost', text: 'Reconnecting…', transport: '', tripMs: NaN });
    this.#listeners.tell('socket_disconnected', { reason });
    // After the server closed it the client waits to be asked.
    if (reason === 'io server disconnect') setTimeout(() => void this.#again(), againMs);
  }

  async #again(): Promise<void> {
    await sessionToken();
    this.#socket?.connect();
  }

  #attempted(attempt: number): void {
    const text = this.#wasLive ? 'Reconnecting…' : 'Connecting…';
    this.#show({ state: 'lost', text: `${text} attempt ${attempt}` });
  }

  // Refused by the server, or not reached. Only the second is tried again by
  // the client itself.
  async #refused(error: Error & { data?: { code?: string } }): Promise<void> {
    if (this.#link.state !== 'lost') this.#show({ state: 'lost', text: 'Connecting…' });
    this.#listeners.tell('socket_error', { error });
    if (this.#socket?.active !== false) return;
    const isAboutToken = String(error.data?.code).startsWith('token_');
    if (isAboutToken && this.#hasRenewed) return sessionEnded();
    if (isAboutToken) {
      this.#hasRenewed = true;
      await sessionRenew().catch((reason: { status?: number }) => reason.status === 401 && sessionEnded());
    }
    setTimeout(() => this.#socket?.connect(), isAboutToken ? 0 : 3 * againMs);
  }

  // The new token goes to the connection that stands; one that does not will
  // show it when it is made. If it is lost, the server closes at the old one's
  // end, and the new one is shown then.
  #renewInPlace(token: string): void {
    this.#given = '';
    if (this.isConnected()) void this.ask('refresh_token', { token });
  }

  // --- how it is -------------------------------------------------------------

  #show(part: Partial<Link>): void {
    this.#link = { ...this.#link, ...part };
    for (const listener of this.#linkListeners) listener();
  }

  #showTransport(): void {
    const name = this.#socket?.connected ? this.#socket.io.engine.transport.name : '';
    this.#show({ transport: transports[name] ?? name });
  }

  async #measure(): Promise<void> {
    if (!this.isConnected() || document.hidden) return;
    const sent = performance.now();
    const answer = await this.ask('request', { type: 'ping' });
    if (answer.status === 'success') {
      this.#answersPings = true;
      this.#show({ tripMs: performance.now() - sent });
    } else if (this.#answersPings) {
      this.#show({ tripMs: NaN });
    }
  }

  link = (): Link => this.#link;

  subscribe = (listener: () => void): (() => void) => {
    this.#linkListeners.add(listener);
    return () => this.#linkListeners.delete(listener);
  };

  // --- events ----------------------------------------------------------------

  #heard(event: string, said: unknown, ack: unknown): void {
    for (const [name, payload] of namesOf(event, said)) this.#listeners.tell(name, payload);
    if (typeof ack === 'function') ack({ status: 'success' });
  }

  on(event: string, listener: Listener): void {
    this.#listeners.on(event, listener);
  }

  off(event: string, listener: Listener): void {
    this.#listeners.off(event, listener);
  }

  emit(event: string, body: object = {}): void {
    this.#socket?.emit(event, body);
  }

  // Sends an event; resolves with its answer, also when there is none.
  async ask(event: string, body: object = {}): Promise<Answer> {
    const socket = this.#socket;
    if (!socket?.connected) return { status: 'error', message: 'Not connected at the moment.' };
    try {
      return await socket.timeout(ackMs).emitWithAck(event, body) ?? { status: 'error' };
    } catch {
      return { status: 'error', message: 'The server did not answer in time.' };
    }
  }

  // This screen has the alert: said to the program, many at once.
  received(id: number): void {
    this.#received.push(id);
  }

  #sendReceived(): void {
    if (!this.#received.length || !this.isConnected()) return;
    this.emit('alert_received', { alert_ids: this.#received.splice(0, receivedAtOnce) });
  }

  ackAlert(id: number): Promise<Answer> {
    return this.ask('ack_alert', { alert_id: id });
  }

  // --- rooms -----------------------------------------------------------------

  #patient(id: string): RoomKind {
    return {
      join: 'join_patient_monitoring',
      leave: 'leave_patient_monitoring',
      body: () => {
        const last = this.knownOf(id);
        return last === undefined ? { patient_id: id } : { patient_id: id, last_alert_id: last };
      },
    };
  }

  joinPatientMonitoring(patientId: string): Promise<Answer> {
    return this.#rooms.join(`patient_${patientId}`, this.#patient(patientId));
  }

  leavePatientMonitoring(patientId: string): void {
    this.#rooms.leave(`patient_${patientId}`);
  }

  joinHospital(id = 'main'): Promise<Answer> {
    return this.#rooms.join(`hospital_${id}`, hospital(id));
  }

  leaveHospital(id = 'main'): void {
    this.#rooms.leave(`hospital_${id}`);
  }

  joinTriage(): Promise<Answer> {
    return this.#rooms.join('triage_queue', triage);
  }

  leaveTriage(): void {
    this.#rooms.leave('triage_queue');
  }

  // The first edition's names, and its rooms by name.

  joinPatientRoom(patientId: string): void {
    void this.joinPatientMonitoring(patientId);
  }

  leavePatientRoom(patientId: string): void {
    this.leavePatientMonitoring(patientId);
  }

  joinHospitalRoom(id: string): void {
    void this.joinHospital(id);
  }

  leaveHospitalRoom(id: string): void {
    this.leaveHospital(id);
  }

  joinTriageQueue(): void {
    void this.joinTriage();
  }

  leaveTriageQueue(): void {
    this.leaveTriage();
  }

  joinRoom(room: string): void {
    const [, kind, id] = /^(patient|hospital)_(.+)$/.exec(room) ?? [];
    if (kind === 'patient' && id) this.joinPatientRoom(id);
    else if (kind === 'hospital' && id) this.joinHospitalRoom(id);
    else if (room.startsWith('triage')) this.joinTriageQueue();
    else console.warn(`There is no room ${room}.`);
  }

  leaveRoom(room: string): void {
    const [, kind, id] = /^(patient|hospital)_(.+)$/.exec(room) ?? [];
    if (kind === 'patient' && id) this.leavePatientMonitoring(id);
    else if (kind === 'hospital' && id) this.leaveHospital(id);
    else if (room.startsWith('triage')) this.leaveTriage();
  }
}

export const socketService = new SocketService();

export const getSocketService = (): SocketService => socketService;

export default SocketService;
