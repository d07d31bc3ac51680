/** The latest picture of a camera with what was measured drawn over it; shown as live only while it is. */

import { useState } from "preact/hooks";
import { age } from "../figures";
import { ageS, STALE_S } from "../freshness";
import { useTexts } from "../i18n";
import { useNow } from "../live";
import type { CameraData } from "../messages";
import { usePicture } from "../pictures";
import type { PageState } from "../store";
import { CameraSince } from "./CameraPanel";
import { CameraIcon } from "./icons";
import { PictureOverlay } from "./PictureOverlay";

interface PictureProps {
  cameraId: string;
  camera: CameraData | undefined;
  state: PageState;
  timeZone: string;
  hovered: string | null;
  onHover: (visitId: string | null) => void;
}

export function CameraPicture({ cameraId, camera, state, timeZone, hovered, onHover }: PictureProps) {
  const texts = useTexts();
  const now = useNow();
  const { picture, connected } = usePicture(cameraId);
  const [layers, setLayers] = useState(true);
  const old = picture === null ? null : ageS(picture.frame.t, now);
  const live = old !== null && old < STALE_S && connected;
  const fault = camera !== undefined && camera.state !== "online";
  const aspect = picture ? picture.width / picture.height : camera && camera.height > 0 ? camera.width / camera.height : 16 / 9;
  return (
    <figure class={`picture ${live ? "live" : "old"}`} aria-label={texts.cameras.watching(cameraId)}>
      <div class="frame" style={{ aspectRatio: String(aspect), "--aspect": String(aspect) }}>
        {picture && <img src={`data:image/jpeg;base64,${picture.jpeg_base64}`} width={picture.width} height={picture.height} alt={texts.cameras.alt(cameraId)} />}
        {picture && layers && <PictureOverlay picture={picture} vehicles={state.vehicles} hovered={hovered} onHover={onHover} />}
        {(fault || !live) && (
          <div class="cover">
            {fault ? <FaultNote camera={camera} timeZone={timeZone} /> : null}
            {!fault && picture === null && <p>{connected || state.phase === "live" ? texts.cameras.waitingForPicture : texts.cameras.pictureLost}</p>}
            {picture !== null && old !== null && <p class="old-note">{texts.cameras.pictureOld(age(old, texts.units))}</p>}
          </div>
        )}
      </div>
      <figcaption>
        <b>{cameraId}</b>
        {picture !== null && live && <span>{texts.cameras.pictureAge(age(old, texts.units))}</span>}
        {picture !== null && live && <span>{texts.cameras.boxes(picture.frame.boxes.length)}</span>}
        {camera?.rate_fps != null && camera.state === "online" && <span>{texts.cameras.rate(rate(camera.rate_fps, texts.locale))}</span>}
        {camera && camera.load_step > 0 && <span class="shedding">{texts.cameras.shedding(camera.load_step)}</span>}
        <label>
          <input type="checkbox" checked={layers} onChange={(event) => setLayers(event.currentTarget.checked)} /> {texts.cameras.layers}
        </label>
      </figcaption>
    </figure>
  );
}

const rate = (fps: number, locale: string): string => fps.toLocaleString(locale, { maximumFractionDigits: 1 });

function FaultNote({ camera, timeZone }: { camera: CameraData; timeZone: string }) {
  const texts = useTexts();
  return (
    <div class="fault">
      <CameraIcon state={camera.state} />
      <p>
        <strong>{camera.camera_id}: {texts.cameras.state[camera.state]}</strong>
        {camera.reason && <span class="reason">{camera.reason}</span>}
        <span><CameraSince camera={camera} timeZone={timeZone} /></span>
      </p>
    </div>
  );
}
