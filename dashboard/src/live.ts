/** The live page: the store fed by the stream, the clock, and hooks that show both. */

import { createContext } from "preact";
import { useContext, useEffect, useRef, useState } from "preact/hooks";
import { decodeStreamFrame } from "./frames";
import { isSignedIn } from "./rest";
import { Socket, socketAddress } from "./socket";
import { EMPTY, reduce, type Action, type PageState } from "./store";

/** Even without a worker the server sends a heartbeat every 10 s. */
const SILENCE_MS = 25_000;

/** Only an answer to a request renews the age of the session's cookie, and a page that is only looked at makes none. */
const STAY_SIGNED_IN_MS = 60_000;

/** A second's messages come in one burst: they are drawn together. */
const GATHER_MS = 50;

/** The page's state, kept up to date by the stream for as long as the component lives. */
export function usePageState(): PageState {
  const [state, show] = useState(EMPTY);
  useEffect(() => {
    const socket = openStream(show);
    const staying = window.setInterval(() => void isSignedIn(), STAY_SIGNED_IN_MS);
    return () => {
      window.clearInterval(staying);
      socket.close();
    };
  }, []);
  return state;
}

function openStream(show: (state: PageState) => void): Socket {
  let held: PageState = EMPTY;
  let due: number | undefined;
  const act = (action: Action): void => {
    held = reduce(held, action);
    due ??= window.setTimeout(() => {
      due = undefined;
      show(held);
    }, GATHER_MS);
  };
  const address = (): string =>
    socketAddress("/api/v1/stream", held.place ? { after: held.place.position, epoch: held.place.epoch } : {});
  const events = {
    connecting: () => act({ kind: "connecting" }),
    text: (text: string) => {
      const frame = decodeStreamFrame(text);
      if (frame) act({ kind: "received", ...frame, atMs: Date.now() });
    },
    lost: (retryAtMs: number) => act({ kind: "lost", atMs: Date.now(), retryAtMs }),
    signedOut: () => act({ kind: "signed_out" }),
  };
  return new Socket(address, events, isSignedIn, SILENCE_MS);
}

/** Loads the page anew when the server was replaced by another version: a screen stays open for weeks. */
export function useNewVersion(state: PageState): void {
  const first = useRef<string | null>(null);
  const version = state.heartbeat?.version ?? null;
  useEffect(() => {
    if (version === null) return;
    first.current ??= version;
    if (version !== first.current) window.location.reload();
  }, [version]);
}

const NowContext = createContext(0);
export const NowProvider = NowContext.Provider;

/** The server's time in POSIX seconds; whoever asks is drawn again as it passes. */
export const useNow = (): number => useContext(NowContext);

/** This machine's clock moved to the server's, renewed twice a second so that ages tick on without messages. */
export function useServerClock(offsetS: number): number {
  const [nowMs, setNowMs] = useState(Date.now);
  useEffect(() => {
    const timer = window.setInterval(() => setNowMs(Date.now()), 500);
    return () => window.clearInterval(timer);
  }, []);
  return nowMs / 1000 + offsetS;
}
