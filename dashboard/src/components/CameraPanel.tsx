/** The cameras: their states, and the pictures of all of them, or of the chosen one where there are many. */

import { useState } from "preact/hooks";
import { worstFiring, type AlertView } from "../alert_view";
import { useTexts } from "../i18n";
import type { CameraData, GateInfo } from "../messages";
import { useRemembered } from "../preferences";
import type { PageState } from "../store";
import { CameraPicture } from "./CameraPicture";
import { CameraIcon } from "./icons";

interface PanelProps {
  state: PageState;
  info: GateInfo;
  alerts: readonly AlertView[];
  hovered: string | null;
  onHover: (visitId: string | null) => void;
}

/** Each watched camera costs its worker a picture a second: with more cameras than this, one is chosen. */
const WATCHED_AT_ONCE = 2;

export function CameraPanel({ state, info, alerts, hovered, onHover }: PanelProps) {
  const texts = useTexts();
  const [layers, setLayers] = useState(true);
  const [wanted, choose] = useRemembered<string>("camera", (remembered) => remembered ?? "");
  const chosen = info.cameras.includes(wanted) ? wanted : firstOnline(info, state);
  const many = info.cameras.length > WATCHED_AT_ONCE;
  const watched = many ? info.cameras.filter((id) => id === chosen) : info.cameras;
  return (
    <section class="cameras panel" aria-labelledby="cameras-title">
      <div class="cameras-head">
        <h2 id="cameras-title">{texts.cameras.title}</h2>
        <label>
          <input type="checkbox" checked={layers} onChange={(event) => setLayers(event.currentTarget.checked)} />{" "}
          {texts.cameras.layers}
        </label>
      </div>
      {many && (
        <ul class="camera-list">
          {info.cameras.map((id) => (
            <li key={id}>
              <CameraTile
                id={id}
                camera={state.cameras[id]}
                lanes={lanesOf(id, info)}
                chosen={id === chosen}
                onChoose={() => choose(id)}
              />
            </li>
          ))}
        </ul>
      )}
      <div class="pictures">
        {watched.map((id) => (
          <CameraPicture
            key={id}
            cameraId={id}
            lanes={lanesOf(id, info)}
            camera={state.cameras[id]}
            alert={worstFiring(alerts, "camera", id)}
            state={state}
            timeZone={info.timezone}
            layers={layers}
            hovered={hovered}
            onHover={onHover}
          />
        ))}
      </div>
    </section>
  );
}

function lanesOf(cameraId: string, info: GateInfo): string {
  const lanes = info.lanes.filter((lane) => lane.cameras.includes(cameraId));
  return lanes.map((lane) => lane.id).join(" ");
}

function firstOnline(info: GateInfo, state: PageState): string | null {
  return info.cameras.find((id) => state.cameras[id]?.state === "online") ?? info.cameras[0] ?? null;
}

interface TileProps {
  id: string;
  camera: CameraData | undefined;
  lanes: string;
  chosen: boolean;
  onChoose: () => void;
}

function CameraTile({ id, camera, lanes, chosen, onChoose }: TileProps) {
  const texts = useTexts();
  const state = camera?.state ?? "unknown";
  return (
    <button
      type="button"
      class={`camera-tile ${state === "online" ? "" : "not-online"}`}
      aria-pressed={chosen}
      onClick={onChoose}
      data-state={state}
    >
      <CameraIcon state={state} />
      <span class="camera-id">{id}</span>
      <span class="camera-state">{texts.cameras.state[state]}</span>
      <span class="camera-lanes">{lanes}</span>
    </button>
  );
}
