/** Text frames of the server's WebSockets as typed values. Pure. */

import type { Message, PictureEvent } from "./messages";

export interface StreamFrame {
  message: Message;
  /** Where in the stream the message stands. */
  position: string;
}

/** A frame of the stream: {"position", "message"}. Null for what this page does not know. */
export function decodeStreamFrame(text: string): StreamFrame | null {
  const value = parse(text);
  if (!isRecord(value)) return null;
  const { position, message } = value;
  return typeof position === "string" && isMessage(message) ? { message, position } : null;
}

/** A frame of a watched camera. Null for what is not a picture. */
export function decodePicture(text: string): PictureEvent | null {
  const value = parse(text);
  return isRecord(value) && typeof value["jpeg_base64"] === "string" && isRecord(value["frame"])
    ? (value as unknown as PictureEvent)
    : null;
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return null;
  }
}

const isRecord = (value: unknown): value is Record<string, unknown> => typeof value === "object" && value !== null;

/** The server validates what it sends: only the outline is checked here. */
const isMessage = (value: unknown): value is Message =>
  isRecord(value) && typeof value["type"] === "string" && isRecord(value["data"]);
