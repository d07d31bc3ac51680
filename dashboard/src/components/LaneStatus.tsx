/** Whether a lane is open, and the button that opens or closes it. */

import { useState } from "preact/hooks";
import { clockTime } from "../figures";
import { useTexts, whoIs } from "../i18n";
import type { LaneView } from "../lane_view";
import { setLaneStatus } from "../rest";
import { Ask } from "./Ask";
import { BarrierIcon } from "./icons";

export function LaneStatus({ view, timeZone, live }: { view: LaneView; timeZone: string; live: boolean }) {
  const texts = useTexts();
  const words = texts.laneStatus;
  const [asking, ask] = useState(false);
  const { lane, closed } = view;
  const wanted = closed ? "open" : "closed";
  const label = closed ? words.open(lane.id) : words.close(lane.id);
  const since = closed && words.since(whoIs(closed.by, texts), clockTime(closed.t, texts.locale, timeZone, false), closed.reason);
  return (
    <>
      <button
        type="button"
        class={closed ? "lane-status closed" : "lane-status"}
        title={since ? `${since}. ${label}` : label}
        aria-label={since ? `${since}. ${label}` : label}
        disabled={!live}
        onClick={() => ask(true)}
      >
        <BarrierIcon open={!closed} />
        {closed && texts.board.closed}
      </button>
      {asking && (
        <Ask
          title={closed ? words.openTitle(lane.id) : words.closeTitle(lane.id)}
          hint={since ? `${since}. ${words.hint}` : words.hint}
          submit={label}
          onSubmit={(by, reason) => setLaneStatus(lane.id, wanted, by, reason)}
          onClose={() => ask(false)}
        />
      )}
    </>
  );
}
