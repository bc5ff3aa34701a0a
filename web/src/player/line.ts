/*
 * line.ts - the connection to /live: hello, watches, ranges, clock. Comes
 * back by itself, each time a little later, and says when it is gone.
 *
 *   connecting --welcome--> open --close--> gone --after a pause--> connecting
 *   connecting --4401--> ticket --a new ticket--> connecting
 */
import { Json } from '../base/json';
import type { LineState } from './messages';

export interface LineEvents {
  state(state: LineState, retry_ms: number): void;
  opened(): void;
  message(type: string, j: Json): void;
  record(slot: number, record: Uint8Array): void;
}

const PROTOCOL = 'eaves.1';
const DENIED = 4401;
const PAUSES_MS = [500, 1000, 2000, 4000, 8000, 15000];
const SILENCE_MS = 45_000;
const HELLO_MS = 10_000;

type Answer = Json | 'later' | null;

/* docs/API.md: these two pass. */
const refusal = (j: Json): Answer => (['later', 'limit'].includes(j.text('error')) ? 'later' : null);

export class Line {
  private socket: WebSocket | null = null;
  private tries = 0;
  private timer: ReturnType<typeof setTimeout> | undefined;
  private watchdog: ReturnType<typeof setTimeout> | undefined;
  private n = 0;
  private welcomed = false;
  private readonly waiting = new Map<number, (j: Answer) => void>();

  constructor(
    private readonly url: string, private ticket: string, private readonly events: LineEvents,
  ) {}

  connect(): void {
    clearTimeout(this.timer);
    this.events.state('connecting', 0);
    const socket = new WebSocket(this.url, PROTOCOL);
    socket.binaryType = 'arraybuffer';
    this.socket = socket;
    this.welcomed = false;
    this.listen(HELLO_MS);
    socket.onopen = () => this.send({ t: 'hello', ticket: this.ticket });
    socket.onmessage = (e: MessageEvent<string | ArrayBuffer>) => {
      if (socket === this.socket) this.take(e.data);
    };
    socket.onclose = (e) => {
      if (socket === this.socket) this.closed(e.code);
    };
  }

  /* Silence for so long means that nobody is there. */
  private listen(limit_ms: number): void {
    clearTimeout(this.watchdog);
    const socket = this.socket;
    this.watchdog = setTimeout(() => {
      if (socket !== this.socket) return;
      this.socket = null;
      socket?.close();
      this.closed(0);
    }, limit_ms);
  }

  private closed(code: number): void {
    clearTimeout(this.watchdog);
    this.socket = null;
    for (const done of this.waiting.values()) done(null);
    this.waiting.clear();
    if (code === DENIED) {
      this.events.state('ticket', 0);
      return;
    }
    const most = PAUSES_MS[Math.min(this.tries++, PAUSES_MS.length - 1)]!;
    const pause = Math.round(most * (0.7 + 0.3 * Math.random()));
    this.events.state('gone', pause);
    this.timer = setTimeout(() => this.connect(), pause);
  }

  /* Now, not after the pause. */
  retry(): void {
    if (!this.socket) this.connect();
  }

  retake(ticket: string): void {
    this.ticket = ticket;
    if (!this.socket) this.connect();
  }

  private take(data: string | ArrayBuffer): void {
    this.listen(SILENCE_MS);
    if (typeof data !== 'string') {
      if (data.byteLength > 4)
        this.events.record(new DataView(data).getUint32(0), new Uint8Array(data, 4));
      return;
    }
    try {
      const j = Json.parse(data);
      this.text(j.text('t'), j);
    } catch {
      this.socket?.close(); /* not our language: begin anew */
    }
  }

  private text(type: string, j: Json): void {
    if (type === 'welcome') {
      this.welcomed = true;
      this.tries = 0;
      this.events.state('open', 0);
      this.events.opened();
      return;
    }
    const n = j.has('n') ? j.number('n') : -1;
    const done = this.waiting.get(n);
    if (done) {
      this.waiting.delete(n);
      done(type === 'error' ? refusal(j) : j);
    }
    this.events.message(type, j);
  }

  get open(): boolean {
    return this.welcomed && this.socket?.readyState === WebSocket.OPEN;
  }

  /* Waits for it a while. */
  async opened(): Promise<boolean> {
    for (let i = 0; i < 50 && !this.open; i++) await new Promise((done) => setTimeout(done, 100));
    return this.open;
  }

  send(message: object): void {
    if (this.socket?.readyState === WebSocket.OPEN) this.socket.send(JSON.stringify(message));
  }

  /* The answer with the same n, or null: refused, or the line broke. */
  async ask(message: object): Promise<Json | null> {
    const j = await this.tried(message);
    return j === 'later' ? null : j;
  }

  /* The same; and later: the server is busy, and may answer another time. */
  tried(message: object): Promise<Answer> {
    if (!this.open) return Promise.resolve(null);
    const n = ++this.n;
    this.send({ ...message, n });
    return new Promise((done) => this.waiting.set(n, done));
  }

  /* The n that the next ask() will carry. */
  get next(): number {
    return this.n + 1;
  }
}
