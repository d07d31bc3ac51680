/** The cameras and their states, and the picture of the chosen one. */

import { duration, clockTime } from "../figures";
import { useTexts } from "../i18n";
import { useNow } from "../live";
import type { CameraData, GateInfo } from "../messages";
import { useRemembered } from "../preferences";
import type { PageState } from "../store";
import { CameraPicture } from "./CameraPicture";
import { CameraIcon } from "./icons";

interface PanelProps {
  state: PageState;
  info: GateInfo;
  hovered: string | null;
  onHover: (visitId: string | null) => void;
}

export function CameraPanel({ state, info, hovered, onHover }: PanelProps) {
  const texts = useTexts();
  const [wanted, choose] = useRemembered<string>("camera", (remembered) => remembered ?? "");
  const chosen = info.cameras.includes(wanted) ? wanted : firstOnline(info, state);
  return (
    <section class="cameras panel" aria-labelledby="cameras-title">
      <h2 id="cameras-title">{texts.cameras.title}</h2>
      <ul class="camera-list">
        {info.cameras.map((id) => (
          <li key={id}>
            <CameraTile id={id} camera={state.cameras[id]} info={info} chosen={id === chosen} onChoose={() => choose(id)} />
          </li>
        ))}
      </ul>
      {chosen !== null && (
        <CameraPicture key={chosen} cameraId={chosen} camera={state.cameras[chosen]} state={state} timeZone={info.timezone} hovered={hovered} onHover={onHover} />
      )}
    </section>
  );
}

function firstOnline(info: GateInfo, state: PageState): string | null {
  return info.cameras.find((id) => state.cameras[id]?.state === "online") ?? info.cameras[0] ?? null;
}

interface TileProps {
  id: string;
  camera: CameraData | undefined;
  info: GateInfo;
  chosen: boolean;
  onChoose: () => void;
}

function CameraTile({ id, camera, info, chosen, onChoose }: TileProps) {
  const texts = useTexts();
  const state = camera?.state ?? "unknown";
  const lanes = info.lanes.filter((lane) => lane.cameras.includes(id)).map((lane) => lane.id);
  return (
    <button type="button" class={`camera-tile ${state === "online" ? "" : "not-online"}`} aria-pressed={chosen} onClick={onChoose} data-camera={id} data-state={state}>
      <CameraIcon state={state} />
      <span class="camera-id">{id}</span>
      <span class="camera-state">{texts.cameras.state[state]}</span>
      <span class="camera-lanes">{lanes.join(" ")}</span>
    </button>
  );
}

/** Since when a camera is in its state, and why, in words. */
export function CameraSince({ camera, timeZone }: { camera: CameraData; timeZone: string }) {
  const texts = useTexts();
  const now = useNow();
  return <>{texts.cameras.since(clockTime(camera.t, texts.locale, timeZone), duration(Math.max(0, now - camera.t), texts.units))}</>;
}
