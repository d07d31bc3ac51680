import { expect, test } from "vitest";
import type { Message } from "../src/messages";
import { EMPTY, reduce, type PageState } from "../src/store";
import { alarm, alarmChanged, alert, alertChanged, measured, measurement, snapshot, trueLane } from "./builders";

const receive = (state: PageState, message: Message, position = "10-0", atMs = 100_000): PageState =>
  reduce(state, { kind: "received", message, position, atMs });

test("the snapshot makes the page live and gives its place in the stream", () => {
  const state = receive(EMPTY, snapshot({ server_t: 130, lanes: { EX1: measurement() } }));
  expect(state.phase).toBe("live");
  expect(state.place).toEqual({ epoch: "e1", position: "10-0" });
  expect(state.clockOffsetS).toBe(30);
  expect(state.lanes["EX1"]?.queue_vehicles).toBe(2);
});

test("a message moves the place on and replaces what it is about", () => {
  const state = receive(receive(EMPTY, snapshot()), measured({ t: 101, queue_vehicles: 3 }), "11-0");
  expect(state.place).toEqual({ epoch: "e1", position: "11-0" });
  expect(state.lanes["EX1"]?.queue_vehicles).toBe(3);
});

test("a message of a type that this page does not know moves the place on and changes nothing else", () => {
  const before = receive(EMPTY, snapshot());
  const newer = { type: "lane.weighed", data: { axles: 5 } } as unknown as Message;
  expect(receive(before, newer, "12-0")).toEqual({ ...before, place: { epoch: "e1", position: "12-0" } });
});

test("a late message changes nothing", () => {
  const newest = receive(receive(EMPTY, snapshot()), measured({ t: 101, queue_vehicles: 3 }));
  expect(receive(newest, measured({ t: 99, queue_vehicles: 9 })).lanes["EX1"]?.queue_vehicles).toBe(3);
});

test("a lost connection keeps what is known and the time since when it is lost", () => {
  const live = receive(EMPTY, snapshot({ lanes: { EX1: measurement() } }));
  const lost = reduce(live, { kind: "lost", atMs: 200, retryAtMs: 700 });
  const again = reduce(reduce(lost, { kind: "connecting" }), { kind: "lost", atMs: 900, retryAtMs: 1900 });
  expect(again).toMatchObject({ phase: "waiting", lostAtMs: 200, retryAtMs: 1900, lanes: live.lanes, place: live.place });
  expect(receive(again, snapshot())).toMatchObject({ phase: "live", lostAtMs: null });
});

test("histories are loaded again only when the stream could not be resumed", () => {
  const first = receive(EMPTY, snapshot({ resumed: false }));
  const resumed = receive(first, snapshot({ resumed: true }));
  const gap = receive(resumed, snapshot({ resumed: false }));
  expect([first, resumed, gap].map((state) => state.historyVersion)).toEqual([0, 0, 1]);
});

test("an alert's older change does not replace a newer one", () => {
  const state = receive(receive(EMPTY, alertChanged({ sequence: 2, state: "resolved" })), alertChanged({ sequence: 1 }));
  expect(state.alerts["a"]?.state).toBe("resolved");
});

test("alerts that ended more than an hour ago are forgotten", () => {
  const alarms = { old: alarm({ alert_id: "old" }) };
  const old = receive(EMPTY, snapshot({ alerts: [alert({ alert_id: "old", state: "resolved", t: 100 })], alarms }));
  expect(receive(old, alertChanged({ alert_id: "newer", t: 3000 })).alarms).toEqual(alarms);
  const later = receive(old, alertChanged({ alert_id: "new", t: 4000 }));
  expect(Object.keys(later.alerts)).toEqual(["new"]);
  expect(later.alarms).toEqual({});
  expect(receive(old, measured({ t: 4000 })).alerts).toEqual({});
});

test("what people did with an alert is kept beside it, and not without it", () => {
  expect(receive(receive(EMPTY, alertChanged()), alarmChanged()).alarms["a"]?.state).toBe("acknowledged");
  expect(receive(EMPTY, alarmChanged()).alarms).toEqual({});
});

test("a lane that the gate has not is passed over", () => {
  expect(receive(receive(EMPTY, snapshot()), measured({ lane_id: "gone" })).lanes).toEqual({});
});

test("not signed in ends the attempts", () => {
  expect(reduce(EMPTY, { kind: "signed_out" })).toMatchObject({ phase: "signed_out", retryAtMs: null });
});

test("a simulated gate stays marked while its truth is silent, and until another gate is shown", () => {
  const truth: Message = {
    ...snapshot(),
    type: "gate.truth",
    data: { t: 101, lanes: { EX1: trueLane() } },
  };
  const told = receive(receive(EMPTY, snapshot()), truth, "10-0");
  expect(told.simulation).toEqual(truth.data);
  expect(told.place).toEqual({ epoch: "e1", position: "10-0" });
  expect(receive(told, snapshot()).simulation).toEqual(truth.data);
  expect(receive(told, snapshot({ info: { ...snapshot().data.info, id: "other" } })).simulation).toBeNull();
  expect(receive(EMPTY, snapshot()).simulation).toBeNull();
});
