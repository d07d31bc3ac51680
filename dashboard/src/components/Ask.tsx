/** A dialog that asks who does something and why, does it, and stays open with the server's reason when that fails. */

import type { ComponentChildren, TargetedSubmitEvent } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { useTexts } from "../i18n";
import { useRemembered } from "../preferences";

interface AskProps {
  title: string;
  hint: string;
  submit: string;
  /** Whether nothing is done without a reason. */
  reasonNeeded?: boolean;
  onSubmit: (by: string, reason: string) => Promise<void>;
  onClose: () => void;
  children?: ComponentChildren;
}

export function Ask({ title, hint, submit, reasonNeeded = false, onSubmit, onClose, children }: AskProps) {
  const { ask } = useTexts();
  const dialog = useRef<HTMLDialogElement>(null);
  const [by, setBy] = useRemembered<string>("by", (held) => held ?? "");
  const [reason, setReason] = useState("");
  const [phase, setPhase] = useState<"idle" | "sending" | { failed: string }>("idle");
  useEffect(() => dialog.current?.showModal(), []);
  const send = (event: TargetedSubmitEvent<HTMLFormElement>): void => {
    event.preventDefault();
    setPhase("sending");
    onSubmit(by.trim(), reason.trim()).then(onClose, (error: unknown) =>
      setPhase({ failed: error instanceof Error ? error.message : String(error) }),
    );
  };
  return (
    <dialog class="ask" ref={dialog} onClose={onClose} aria-labelledby="ask-title">
      <form onSubmit={send}>
        <h2 id="ask-title">{title}</h2>
        <p class="hint">{hint}</p>
        {children}
        <label>
          {reasonNeeded ? ask.reasonNeeded : ask.reason}
          <input
            value={reason}
            maxLength={500}
            required={reasonNeeded}
            pattern={reasonNeeded ? ".*\\S.*" : ".*"}
            autoFocus
            onInput={(event) => setReason(event.currentTarget.value)}
          />
        </label>
        <label>
          {ask.by}
          <input value={by} maxLength={64} autoComplete="name" onInput={(event) => setBy(event.currentTarget.value)} />
        </label>
        {typeof phase === "object" && (
          <p class="failed" role="alert">
            {ask.failed(phase.failed)}
          </p>
        )}
        <p class="buttons">
          <button type="button" onClick={() => dialog.current?.close()}>
            {ask.cancel}
          </button>
          <button type="submit" class="main" disabled={phase === "sending"}>
            {phase === "sending" ? ask.sending : submit}
          </button>
        </p>
      </form>
    </dialog>
  );
}
