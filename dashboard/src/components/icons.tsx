/** Shapes that carry meaning without colour. Each is drawn in the current text colour. */

import type { AlertData, CameraData } from "../messages";

type Severity = AlertData["severity"];

const OUTLINES: Readonly<Record<Severity, string>> = {
  critical: "M7 1.5h6L18.5 7v6L13 18.5H7L1.5 13V7z",
  warning: "M10 2 18.8 17.6H1.2z",
  info: "M10 1.8a8.2 8.2 0 1 1 0 16.4a8.2 8.2 0 1 1 0-16.4z",
};

/** Octagon, triangle, circle: critical, warning, notice. Filled while it fires, hollow otherwise. */
export function SeverityIcon({ severity, filled }: { severity: Severity; filled: boolean }) {
  const mark =
    severity === "warning"
      ? "M10 7.6v4.8M10 14.4v1.4"
      : severity === "critical"
        ? "M10 5v6.2M10 13.4v1.6"
        : "M10 9v5.6M10 5.4v1.6";
  return (
    <svg class="icon severity-icon" viewBox="0 0 20 20" aria-hidden="true">
      <path d={OUTLINES[severity]} class={filled ? "shape filled" : "shape"} />
      <path d={mark} class={filled ? "glyph on-filled" : "glyph"} />
    </svg>
  );
}

/** A camera: plain when online, struck through when offline, with an exclamation mark when its picture cannot be used. */
export function CameraIcon({ state }: { state: CameraData["state"] | "unknown" }) {
  return (
    <svg
      class="icon"
      viewBox="0 0 20 20"
      aria-hidden="true"
      fill="none"
      stroke="currentColor"
      stroke-width="1.6"
      stroke-linejoin="round"
    >
      <path d="M2 6h10v8H2zM12 9.2 17.5 6.6v6.8L12 10.8" />
      {state === "offline" && <path d="M2.5 17.5 17 2.5" stroke-width="2.2" />}
      {state !== "offline" && state !== "online" && <path d="M7 7.6v3M7 11.6v1" stroke-width="1.8" />}
    </svg>
  );
}

export function CheckIcon() {
  return (
    <svg class="icon" viewBox="0 0 20 20" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="2.2">
      <path d="m4 10.5 4 4L16.5 6" />
    </svg>
  );
}

/** Connected: a full disc; not connected: a broken ring. */
export function LinkIcon({ live }: { live: boolean }) {
  return (
    <svg class="icon" viewBox="0 0 20 20" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="2.4">
      {live ? (
        <circle cx="10" cy="10" r="5" fill="currentColor" stroke="none" />
      ) : (
        <circle cx="10" cy="10" r="6" stroke-dasharray="7 5.5" />
      )}
    </svg>
  );
}

/** Which way the lane's trucks cross: out of the country, or into it. */
export function DirectionIcon({ direction }: { direction: "export" | "import" }) {
  return (
    <svg class="icon" viewBox="0 0 20 20" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="1.8">
      {direction === "export" ? (
        <path d="M9 3.5H3.5v13H9M8 10h9M13.5 6l4 4-4 4" />
      ) : (
        <path d="M11 3.5h5.5v13H11M2 10h9M7.5 6l4 4-4 4" />
      )}
    </svg>
  );
}

/** A barrier: raised where the lane is open, across it where it is closed. */
export function BarrierIcon({ open }: { open: boolean }) {
  return (
    <svg class="icon" viewBox="0 0 20 20" aria-hidden="true" fill="none" stroke="currentColor" stroke-width="1.8">
      <path d="M2.5 17.5h6M5.5 17.5V9" />
      <path d={open ? "M5.5 9 14 2.5" : "M5.5 9h12.5"} stroke-width="2.6" />
    </svg>
  );
}

export function ThemeIcon() {
  return (
    <svg class="icon" viewBox="0 0 20 20" aria-hidden="true">
      <circle cx="10" cy="10" r="7" fill="none" stroke="currentColor" stroke-width="1.8" />
      <path d="M10 3a7 7 0 0 1 0 14z" fill="currentColor" />
    </svg>
  );
}
