/** Why a camera is not online: the worker says it in English; what it says is recognised here, to be said in other words. Pure. */

export type CameraCause =
  | "unset"
  | "credentials"
  | "path"
  | "refused"
  | "timeout"
  | "no_stream"
  | "codec"
  | "hung_up"
  | "silent"
  | "undecodable"
  | "over"
  | "file"
  | "failed"
  | "frozen"
  | "dark"
  | "overexposed"
  | "blurred";

/** What each cause is recognised by. A test looks these words up in the worker's source. */
export const CAUSE_WORDS: readonly (readonly [words: string, cause: CameraCause])[] = [
  ["no stream is configured", "unset"],
  ["refuses the user name or password", "credentials"],
  ["has no stream of that path", "path"],
  ["refuses the connection", "refused"],
  ["does not answer in time", "timeout"],
  ["answers, but not with a stream", "no_stream"],
  ["has no video in it", "no_stream"],
  ["a codec unknown to FFmpeg", "codec"],
  ["video codec is unknown to FFmpeg", "codec"],
  ["hung up", "hung_up"],
  ["sends nothing though the connection stands", "silent"],
  ["sends data that cannot be decoded", "undecodable"],
  ["the video is over", "over"],
  ["reading failed", "failed"],
  ["the picture has not changed at all", "frozen"],
  ["the picture is black", "dark"],
  ["the picture is white", "overexposed"],
  ["the picture has no sharp edge", "blurred"],
  ["video file", "file"],
];

export interface CameraReason {
  cause: CameraCause;
  /** The address, file or setting that it is about; empty where it is about none. */
  what: string;
}

/** What a camera's reason says; null for a sentence that this page does not know. */
export function cameraReason(sentence: string): CameraReason | null {
  const cause = CAUSE_WORDS.find(([words]) => sentence.includes(words))?.[1];
  if (cause === undefined) return null;
  const what = /(?:the camera at|video file) (\S+?):?(?:\s|$)/.exec(sentence) ?? /: (\S+) is not set/.exec(sentence);
  return { cause, what: what?.[1] ?? "" };
}
