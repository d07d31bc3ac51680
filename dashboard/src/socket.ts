/** A WebSocket that connects again, with a jittered delay that grows, until it is closed. */

import { retryDelayMs } from "./backoff";

export interface SocketEvents {
  connecting: () => void;
  text: (text: string) => void;
  /** The connection is gone or could not be made; the next attempt is due at `retryAtMs`. */
  lost: (retryAtMs: number) => void;
  /** The server says that this browser is not signed in; no further attempt is made. */
  signedOut: () => void;
}

/** The server's close code for a browser without a session. */
const NOT_SIGNED_IN = 4401;

export class Socket {
  private socket: WebSocket | null = null;
  private timer: number | undefined;
  private silence: number | undefined;
  private attempt = 0;
  private closed = false;

  /**
   * `address` is asked anew for each attempt, `signedIn` after each refusal. A connection that brings nothing for
   * `silenceMs` is taken for dead; null where silence is normal.
   */
  constructor(
    private readonly address: () => string,
    private readonly events: SocketEvents,
    private readonly signedIn: () => Promise<boolean>,
    private readonly silenceMs: number | null,
  ) {
    this.connect();
  }

  close(): void {
    this.closed = true;
    window.clearTimeout(this.timer);
    window.clearTimeout(this.silence);
    this.socket?.close(1000);
  }

  private connect(): void {
    if (this.closed) return;
    this.events.connecting();
    const socket = new WebSocket(this.address());
    let heard = false;
    socket.onopen = () => this.watchSilence(socket);
    socket.onmessage = (event: MessageEvent<string>) => {
      heard = true;
      this.attempt = 0;
      this.watchSilence(socket);
      this.events.text(event.data);
    };
    socket.onclose = (event) => void this.lost(event.code, heard);
    this.socket = socket;
  }

  private watchSilence(socket: WebSocket): void {
    window.clearTimeout(this.silence);
    if (this.silenceMs !== null) this.silence = window.setTimeout(() => socket.close(), this.silenceMs);
  }

  private async lost(code: number, heard: boolean): Promise<void> {
    window.clearTimeout(this.silence);
    if (this.closed) return;
    const delay = retryDelayMs(this.attempt++, Math.random());
    this.events.lost(Date.now() + delay);
    if (code === NOT_SIGNED_IN || (!heard && !(await this.signedIn()))) {
      if (!this.closed) this.events.signedOut();
      return;
    }
    if (!this.closed) this.timer = window.setTimeout(() => this.connect(), delay);
  }
}

/** The address of a WebSocket of this page's server. */
export function socketAddress(path: string, query: Readonly<Record<string, string>> = {}): string {
  const url = new URL(path, window.location.href);
  url.protocol = url.protocol === "https:" ? "wss:" : "ws:";
  url.search = new URLSearchParams(query).toString();
  return url.href;
}
