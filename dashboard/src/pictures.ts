/** The latest picture of a watched camera, for as long as somebody looks at it. */

import { useEffect, useState } from "preact/hooks";
import { decodePicture } from "./frames";
import type { PictureEvent } from "./messages";
import { isSignedIn } from "./rest";
import { Socket, socketAddress } from "./socket";

export interface Watched {
  picture: PictureEvent | null;
  connected: boolean;
}

const NOTHING: Watched = { picture: null, connected: false };

/** Watches one camera: the worker makes pictures only meanwhile. A hidden tab does not watch. */
export function usePicture(cameraId: string): Watched {
  const [watched, setWatched] = useState<Watched>(NOTHING);
  const visible = useVisible();
  useEffect(() => {
    setWatched(NOTHING);
    if (!visible) return undefined;
    const socket = new Socket(
      () => socketAddress(`/api/v1/cameras/${encodeURIComponent(cameraId)}/watch`),
      {
        connecting: () => undefined,
        text: (text) => {
          const picture = decodePicture(text);
          if (picture) setWatched({ picture, connected: true });
        },
        lost: () => setWatched((held) => ({ ...held, connected: false })),
        signedOut: () => setWatched((held) => ({ ...held, connected: false })),
      },
      isSignedIn,
      null,
    );
    return () => socket.close();
  }, [cameraId, visible]);
  return watched;
}

function useVisible(): boolean {
  const [visible, setVisible] = useState(!document.hidden);
  useEffect(() => {
    const update = (): void => setVisible(!document.hidden);
    document.addEventListener("visibilitychange", update);
    return () => document.removeEventListener("visibilitychange", update);
  }, []);
  return visible;
}
