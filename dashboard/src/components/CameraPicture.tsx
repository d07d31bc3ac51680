/** The latest picture of a camera with what was measured drawn over it; shown as live only while it is. */

import type { RefObject } from "preact";
import { useEffect, useRef, useState } from "preact/hooks";
import { cameraReason } from "../camera_reason";
import { age, clockTime, duration } from "../figures";
import { ageS, STALE_S } from "../freshness";
import { useTexts } from "../i18n";
import type { Texts } from "../i18n/texts";
import { useNow } from "../live";
import type { AlertData, CameraData, PictureEvent } from "../messages";
import { usePicture } from "../pictures";
import type { PageState } from "../store";
import { CameraIcon, SeverityIcon } from "./icons";
import { PictureOverlay } from "./PictureOverlay";

interface PictureProps {
  cameraId: string;
  lanes: string;
  camera: CameraData | undefined;
  alert: AlertData | null;
  state: PageState;
  timeZone: string;
  layers: boolean;
  hovered: string | null;
  onHover: (visitId: string | null) => void;
}

export function CameraPicture(props: PictureProps) {
  const { cameraId, camera, state, layers, hovered, onHover } = props;
  const texts = useTexts();
  const now = useNow();
  const { picture, connected } = usePicture(cameraId);
  const frame = useRef<HTMLDivElement>(null);
  const width = useWidth(frame);
  const old = picture === null ? null : ageS(picture.frame.t, now);
  const live = connected && old !== null && old < STALE_S;
  const aspect = String(aspectOf(picture, camera));
  return (
    <figure
      class={`picture ${live ? "live" : "old"}`}
      style={{ "--aspect": aspect }}
      aria-label={texts.cameras.watching(cameraId)}
      data-camera={cameraId}
    >
      <div class="frame" ref={frame} style={{ aspectRatio: aspect }}>
        {picture && <img src={`data:image/jpeg;base64,${picture.jpeg_base64}`} alt={texts.cameras.alt(cameraId)} />}
        {picture && layers && (
          <PictureOverlay picture={picture} width={width} vehicles={state.vehicles} hovered={hovered} onHover={onHover} />
        )}
        {!live && <Cover {...props} old={old} connected={connected} />}
      </div>
      <Caption {...props} ageS={live ? old : null} boxes={picture?.frame.boxes.length ?? 0} />
    </figure>
  );
}

function aspectOf(picture: PictureEvent | null, camera: CameraData | undefined): number {
  if (picture) return picture.width / picture.height;
  return camera && camera.width > 0 && camera.height > 0 ? camera.width / camera.height : 16 / 9;
}

/** Width in pixels of an element as it is shown. */
function useWidth(element: RefObject<HTMLDivElement | null>): number {
  const [width, setWidth] = useState(640);
  useEffect(() => {
    const shown = element.current;
    if (!shown) return undefined;
    const observer = new ResizeObserver(() => setWidth(Math.max(1, shown.clientWidth)));
    observer.observe(shown);
    return () => observer.disconnect();
  }, []);
  return width;
}

function reasonText(sentence: string, words: Texts["cameras"]): string {
  const reason = cameraReason(sentence);
  return reason === null || words.cause === null ? sentence : words.cause[reason.cause](reason.what);
}

/** What lies over a picture that is not live: why, and since when. */
function Cover({
  cameraId,
  camera,
  state,
  timeZone,
  old,
  connected,
}: PictureProps & { old: number | null; connected: boolean }) {
  const { cameras, locale, units } = useTexts();
  const now = useNow();
  const fault = camera !== undefined && camera.state !== "online" ? camera : null;
  const waiting = connected || state.phase === "live" ? cameras.waitingForPicture : cameras.pictureLost;
  return (
    <div class="cover">
      {fault && (
        <div class="fault">
          <CameraIcon state={fault.state} />
          <p>
            <strong>
              {cameraId}: {cameras.state[fault.state]}
            </strong>
            {fault.reason && (
              <span class="reason" title={fault.reason}>
                {reasonText(fault.reason, cameras)}
              </span>
            )}
            <span>{cameras.since(clockTime(fault.t, locale, timeZone), duration(Math.max(0, now - fault.t), units))}</span>
          </p>
        </div>
      )}
      {!fault && old === null && <p>{waiting}</p>}
      {old !== null && <p class="old-note">{cameras.pictureOld(age(old, units))}</p>}
    </div>
  );
}

function Caption({ cameraId, camera, lanes, alert, ageS: old, boxes }: PictureProps & { ageS: number | null; boxes: number }) {
  const texts = useTexts();
  const words = texts.cameras;
  const state = camera?.state ?? "unknown";
  return (
    <figcaption>
      <span class={state === "online" ? "state" : "state not-online"} data-state={state}>
        {alert && (
          <span class={`mark severity-${alert.severity}`}>
            <SeverityIcon severity={alert.severity} filled />
          </span>
        )}
        <CameraIcon state={state} />
        <b>{cameraId}</b> {words.state[state]}
      </span>
      <span>{lanes}</span>
      {old !== null && <span>{words.pictureAge(age(old, texts.units))}</span>}
      {old !== null && <span>{words.boxes(boxes)}</span>}
      {camera?.rate_fps != null && state === "online" && (
        <span>{words.rate(camera.rate_fps.toLocaleString(texts.locale, { maximumFractionDigits: 1 }))}</span>
      )}
      {camera && camera.load_step > 0 && <span class="shedding">{words.shedding(camera.load_step)}</span>}
    </figcaption>
  );
}
