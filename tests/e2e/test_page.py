"""The operators' page in a real browser: a real api and a real Valkey behind it, messages as a worker would send them."""

import re
from pathlib import Path

import httpx
import pytest
from playwright.sync_api import Page, expect, sync_playwright

from tests.support.api import BEARER
from tests.support.live_page import served_gate
from tests.support.scenes import Lane, Truck, calm, camera, jam, lane_messages
from tests.support.screenshot import chromium, open_browser
from tests.support.truth import true_row
from vision.config import load_gate

ROOT = Path(__file__).parents[2]
PATIENCE_MS = 15_000

pytestmark = [
    pytest.mark.skipif(chromium() is None, reason="there is no chromium on this machine"),
    pytest.mark.skipif(
        not (ROOT / "dashboard/dist/index.html").is_file(), reason="the page is not built: `make setup` builds it"
    ),
]
expect.set_options(timeout=PATIENCE_MS)


@pytest.fixture(scope="module")
def gate():
    """Kim Thanh with rules that fire at once."""
    gate = load_gate(ROOT / "config/kim-thanh.yaml")
    rules = [rule for rule in gate.alerts if rule.name in {"queue-long", "camera-unavailable"}]
    quick = tuple(rule.model_copy(update={"for_s": 0.0, "keep_firing_for_s": 0.0}) for rule in rules)
    return gate.model_copy(update={"alerts": quick})


@pytest.fixture(scope="module")
def browser():
    with sync_playwright() as playwright:
        browser = open_browser(playwright)
        yield browser
        browser.close()


@pytest.fixture
def served(tmp_path, gate):
    """A gate of the test's own, to be changed."""
    with served_gate(tmp_path, gate) as served:
        yield served


@pytest.fixture(scope="module")
def jammed(tmp_path_factory, gate):
    """The address of a gate in a jam, for tests that only look at it."""
    with served_gate(tmp_path_factory.mktemp("jammed"), gate) as (api, feeder):
        feeder.scene = jam
        yield api.url


@pytest.fixture
def console():
    """What the browser complained about."""
    return []


@pytest.fixture
def page(browser, console):
    context = browser.new_context(viewport={"width": 1366, "height": 768}, locale="en-GB")
    page = context.new_page()
    page.on("console", lambda message: console.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: console.append(str(error)))
    yield page
    context.close()


def sign_in(page: Page, url: str) -> None:
    made = httpx.post(f"{url}/api/v1/sign-in-links", headers=BEARER, trust_env=False)
    page.goto(url + made.json()["path"])
    expect(page.locator(".board")).to_be_visible()


def lane(page: Page, lane_id: str):
    return page.locator(f"[data-lane={lane_id}]")


def test_who_is_not_signed_in_learns_how_to_get_in(page, jammed):
    page.goto(jammed)
    expect(page.get_by_role("heading", name="You are not signed in")).to_be_visible()
    expect(page.get_by_text("lanewatch link")).to_be_visible()


def test_a_jam_looks_like_one(page, jammed, console):
    sign_in(page, jammed)
    expect(page.get_by_role("heading", name="Kim Thanh border gate")).to_be_visible()
    expect(page.locator(".connection")).to_contain_text("Live")
    expect(page.locator("article.lane")).to_have_count(5)

    expect(lane(page, "EX1").locator(".queue .value")).to_have_text("≥ 6 vehicles")
    expect(lane(page, "EX1").locator(".queue .note")).to_contain_text("≥ 115 m")
    expect(lane(page, "EX1").locator(".longest .value")).to_have_text("24 min")
    expect(lane(page, "EX1").locator(".tail")).to_have_class(re.compile("open"))
    expect(lane(page, "EX1").locator(".vehicle")).to_have_count(6)
    expect(lane(page, "EX1").locator(".vehicle.held")).to_have_count(2)
    expect(lane(page, "EX1").locator(".vehicle.service")).to_have_count(1)

    expect(lane(page, "EX2").locator(".queue .value")).to_have_text("4 vehicles")
    expect(lane(page, "EX2").locator(".expected .note")).to_have_text("8–18 min")
    expect(lane(page, "EX2").locator(".queue .note")).to_have_text("3–6 · 72 m")
    expect(lane(page, "EX2").locator(".quality")).to_have_text("degraded count uncertain")
    expect(lane(page, "EX2").locator(".level .value")).to_have_text("D")
    expect(lane(page, "IM1").locator(".quality")).to_contain_text("low frame rate")
    expect(page.locator(".simulation-mark, .of-truth")).to_have_count(0)
    assert console == []


def test_vehicles_stand_where_they_are(page, jammed):
    sign_in(page, jammed)
    strip = lane(page, "EX2").locator(".strip")
    expect(strip.locator(".vehicle")).to_have_count(5)
    places = strip.locator(".vehicle").evaluate_all("all => all.map(one => [one.style.left, one.style.width].map(parseFloat))")
    metres = [(1, 17), (20.5, 36.5), (40, 52), (55.5, 71.5), (98, 114)]
    assert [left for left, _ in places] == pytest.approx([front / 1.2 for front, _ in metres], abs=0.1)
    assert [width for _, width in places] == pytest.approx([(rear - front) / 1.2 for front, rear in metres], abs=0.1)


def test_unknown_is_not_zero(page, jammed):
    sign_in(page, jammed)
    unknown = lane(page, "IM2")
    expect(unknown.locator(".why")).to_have_text("Unknown camera offline")
    expect(unknown.locator(".value")).to_have_text(["—"] * 4)
    expect(unknown.locator(".vehicle")).to_have_count(0)
    expect(page.locator(".group-head").nth(1)).to_contain_text("≥ 2 vehicles queuing")
    fault = page.locator(".picture[data-camera=import]")
    expect(fault.locator(".fault")).to_contain_text(
        "the camera at rtsp://10.8.0.12/import does not answer in time; check the address"
    )
    expect(fault.locator(".fault")).to_contain_text("since")
    expect(fault.locator(".state")).to_contain_text("offline")


def test_a_simulated_gate_is_marked_and_shows_the_truth_beside_what_is_measured(page, served, console):
    api, feeder = served
    feeder.scene = jam
    feeder.truth = [
        true_row("EX1", queue_vehicles=7, queue_m=120.0, censored=True),
        true_row("EX2", queue_vehicles=4, queue_m=72.0),
        true_row("IM2", queue_vehicles=2, queue_m=30.4),
        true_row("IM3", queue_vehicles=0, queue_m=0.0),
    ]
    sign_in(page, api.url)
    expect(page.locator(".simulation-mark")).to_have_text("Simulation")
    expect(lane(page, "EX1").locator(".queue .value")).to_have_text("≥ 6 vehicles")
    expect(lane(page, "EX1").locator(".true-queue")).to_have_text("true 7 · ≥ 120 m")
    expect(lane(page, "EX2").locator(".true-queue")).to_have_text("true 4 · 72 m")
    assert lane(page, "EX2").locator(".true-tail").evaluate("one => parseFloat(one.style.left)") == pytest.approx(60)
    expect(lane(page, "IM2").locator(".queue .value")).to_have_text("—")
    expect(lane(page, "IM2").locator(".true-queue")).to_have_text("true 2 · 30 m")
    expect(lane(page, "IM3").locator(".true-queue")).to_have_text("true 0")
    expect(lane(page, "IM3").locator(".true-tail")).to_have_count(0)
    expect(lane(page, "EX1").locator(".trend figcaption")).to_contain_text(re.compile(r"max 6.*7"))
    assert page.locator(".of-truth:has(.truth-icon)").count() == page.locator(".of-truth").count()
    for width in (390, 1024, 1366):
        page.set_viewport_size({"width": width, "height": 768})
        assert page.evaluate("document.documentElement.scrollWidth") <= width

    feeder.truth = None
    expect(page.locator(".simulation-mark")).to_have_text(re.compile(r"Simulationno truth for \d+ s"))
    expect(page.locator(".true-queue, .true-tail")).to_have_count(0)
    expect(lane(page, "EX1").locator(".queue .value")).to_have_text("≥ 6 vehicles")
    assert console == []


def test_an_alert_is_raised_acknowledged_and_remembered(page, served):
    api, feeder = served
    feeder.scene = jam
    sign_in(page, api.url)
    alert = page.locator(".alert", has_text="Lane EX1: queue 6 vehicles (limit 5 vehicles)")
    expect(alert).to_contain_text("Warning")
    expect(alert).to_contain_text("active, not acknowledged")
    expect(alert).to_contain_text("Send arriving trucks to an emptier lane")
    expect(lane(page, "EX1").locator(".mark")).to_have_attribute("aria-label", "Warning")
    expect(page.get_by_role("alert").first).not_to_be_empty()

    alert.get_by_role("button", name="Acknowledge").press("Enter")
    expect(alert).to_contain_text("active, acknowledged")
    expect(alert).to_contain_text("acknowledged by an operator at")
    expect(alert.get_by_role("button", name="Acknowledge")).to_have_count(0)
    page.reload()
    expect(alert).to_contain_text("active, acknowledged")

    feeder.scene = calm
    expect(page.locator(".ended-list")).to_contain_text("Lane EX1: queue")


def test_an_alert_is_shelved_for_a_reason_and_taken_back(page, served, console):
    api, feeder = served
    feeder.scene = jam
    sign_in(page, api.url)
    alert = page.locator(".alert", has_text="Lane EX1: queue 6 vehicles")
    alert.get_by_role("button", name="Shelve").click()
    dialog = page.get_by_role("dialog", name="Shelve “Lane EX1: queue 6 vehicles (limit 5 vehicles)”?")
    dialog.get_by_role("button", name="Shelve").click()
    expect(dialog.get_by_label("Reason")).to_be_focused()
    dialog.get_by_label("For how long").select_option("30 min")
    dialog.get_by_label("Reason").fill("convoy, as planned")
    dialog.get_by_label("Reason").press("Enter")
    shelved = page.locator(".shelved-list .alert")
    expect(shelved).to_contain_text("Lane EX1: queue")
    expect(shelved).to_contain_text(re.compile(r"until \d\d:\d\d by an operator: convoy, as planned"))
    expect(lane(page, "EX1").locator(".mark")).to_have_count(0)

    shelved.get_by_role("button", name="Take back").click()
    expect(page.locator(".shelved-list .alert")).to_have_count(0)
    expect(alert).to_contain_text("active, not acknowledged")
    expect(lane(page, "EX1").locator(".mark")).to_have_count(1)
    assert console == []


def test_a_lane_is_closed_and_opened(page, served, console):
    api, feeder = served
    feeder.scene = calm
    sign_in(page, api.url)
    status = lane(page, "EX2").locator(".lane-status")
    expect(status).to_have_accessible_name("Close lane EX2")
    status.press("Enter")
    dialog = page.get_by_role("dialog", name="Close lane EX2?")
    expect(dialog).to_contain_text("It moves no barrier")
    page.keyboard.press("Escape")
    expect(dialog).to_have_count(0)
    expect(status).to_be_focused()

    status.click()
    dialog.get_by_label("Reason").fill("scanner repair")
    dialog.get_by_label("Your name").fill("Trần Minh")
    dialog.get_by_role("button", name="Close lane EX2").click()
    expect(status).to_have_text("Closed")
    expect(status).to_have_accessible_name(re.compile(r"Closed by Trần Minh at \d\d:\d\d: scanner repair. Open lane EX2"))
    expect(dialog).to_have_count(0)
    page.reload()
    status.click()
    page.get_by_role("dialog", name="Open lane EX2?").get_by_label("Your name").press("Enter")
    expect(status).to_have_accessible_name("Close lane EX2")
    assert console == []


def test_pictures_come_while_somebody_watches_and_are_never_shown_as_live_when_old(page, served):
    api, feeder = served
    feeder.scene = calm
    feeder.cameras = {"export"}
    sign_in(page, api.url)
    shown = page.locator(".picture[data-camera=export]")
    expect(shown).to_have_class(re.compile("live"))
    assert shown.locator("img").evaluate("image => image.decode().then(() => image.naturalWidth)") == 640
    expect(shown.locator(".box")).to_have_count(2)
    expect(shown.locator(".lane-outline")).to_have_count(2)
    expect(shown.locator(".label.of-tail")).to_have_text("EX1: ≥ 6 vehicles · ≥ 115 m")
    expect(shown.locator(".label:not(.of-tail)")).to_have_text(["EX1-1 · 1 min", "EX1-2 · 40 s"])
    expect(shown.locator("figcaption")).to_contain_text("2 vehicles seen")

    page.get_by_label("Show what was measured").uncheck()
    expect(shown.locator(".overlay")).to_have_count(0)

    feeder.cameras = set()
    expect(shown.locator(".old-note")).to_contain_text(re.compile(r"Not live: this picture is \d+ s old"))
    expect(shown).to_have_class(re.compile("old"))


def test_the_page_speaks_vietnamese_and_remembers_it(page, jammed):
    sign_in(page, jammed)
    page.get_by_role("button", name="Tiếng Việt").click()
    expect(page.get_by_role("heading", name="Cửa khẩu Kim Thành")).to_be_visible()
    expect(page.locator("html")).to_have_attribute("lang", "vi")
    expect(lane(page, "IM2").locator(".why")).to_have_text("Không rõ camera mất kết nối")
    expect(page.locator(".fault .reason")).to_contain_text("rtsp://10.8.0.12/import không trả lời kịp")
    expect(page.locator(".alert").first).to_contain_text("Việc cần làm")
    page.reload()
    expect(page.get_by_role("heading", name="Cửa khẩu Kim Thành")).to_be_visible()


def test_a_vietnamese_browser_gets_the_page_in_vietnamese(browser, jammed):
    context = browser.new_context(locale="vi-VN")
    page = context.new_page()
    page.goto(jammed)
    expect(page.get_by_role("heading", name="Bạn chưa đăng nhập")).to_be_visible()
    context.close()


def test_without_the_server_everything_ages_and_comes_back_without_a_gap(page, served):
    api, feeder = served
    feeder.scene = calm
    sign_in(page, api.url)
    expect(lane(page, "EX1")).to_have_class(re.compile("live"))
    expect(lane(page, "EX1").locator(".trend figcaption")).to_contain_text("max 2")
    api.stop()
    expect(page.locator(".connection")).to_contain_text("No connection for")
    expect(page.locator(".not-live")).to_contain_text(re.compile(r"This page is not live: the newest data is \d+ s old"))
    expect(lane(page, "EX1")).to_have_class(re.compile("stale"))
    expect(lane(page, "EX1").locator(".queue .value")).to_have_text("2 vehicles")
    feeder.scene = jam
    resumed = []
    page.on("websocket", lambda socket: resumed.append(socket.url))
    api.start()
    expect(page.locator(".connection")).to_contain_text("Live")
    expect(lane(page, "EX1").locator(".queue .value")).to_have_text("≥ 6 vehicles")
    expect(page.locator(".not-live")).to_have_count(0)
    streams = [url for url in resumed if "/api/v1/stream" in url]
    assert re.search(r"after=\d+-\d+&epoch=\w+", streams[0])


def test_a_lane_without_calibration_is_drawn_in_order_only(page, served):
    api, feeder = served
    line = (Truck(420), Truck(200), Truck(30, standing=False, kind="car"))
    uncalibrated = Lane("EX1", line, "degraded", ("not_calibrated",), calibrated=False)
    feeder.scene = lambda gate, t: [camera(gate, t - 60, "export", "online"), *lane_messages(gate, t, uncalibrated)]
    sign_in(page, api.url)
    expect(lane(page, "EX1").locator(".quality")).to_contain_text("degraded not calibrated")
    expect(lane(page, "EX1").locator(".scale-note")).to_have_text("order only, not to scale")
    expect(lane(page, "EX1").locator(".queue .value")).to_have_text("2 vehicles")
    expect(lane(page, "EX1").locator(".queue .note")).to_have_count(0)
    expect(lane(page, "EX1").locator(".vehicle")).to_have_count(3)
    expect(lane(page, "EX2").locator(".why")).to_have_text("Unknown no data")


def test_the_page_fits_every_screen(page, jammed):
    sign_in(page, jammed)
    expect(page.locator(".alert").first).to_be_visible()
    for width in (390, 768, 1024, 1366, 1920):
        page.set_viewport_size({"width": width, "height": 900})
        assert page.evaluate("document.documentElement.scrollWidth") <= width
        expect(lane(page, "EX1").locator(".vehicle").first).to_be_visible()


def test_every_control_has_a_name_and_is_reached_by_keyboard(page, jammed):
    sign_in(page, jammed)
    expect(page.get_by_role("button", name="Acknowledge").first).to_be_visible()
    controls = page.locator("button, a[href], input").evaluate_all(
        "all => all.map(one => one.ariaLabel || one.innerText || one.labels?.[0]?.innerText)"
    )
    assert all(controls)
    reached = set()
    for _ in range(len(controls) + 2):
        page.keyboard.press("Tab")
        reached.add(page.evaluate("document.activeElement.ariaLabel || document.activeElement.innerText"))
    assert {"Tiếng Việt", "Light colours", "Source", "Acknowledge"} <= reached


def test_who_signs_out_sees_nothing_more(page, served):
    api, feeder = served
    feeder.scene = jam
    sign_in(page, api.url)
    expect(lane(page, "EX1").locator(".queue .value")).to_have_text("≥ 6 vehicles")
    assert page.request.post(f"{api.url}/api/v1/sign-out").status == 204
    expect(page.get_by_role("heading", name="You are not signed in")).to_be_visible()
    expect(page.locator(".board")).to_have_count(0)


def test_a_page_that_is_only_looked_at_keeps_its_cookie(page, jammed):
    page.clock.install()
    sign_in(page, jammed)
    with page.expect_response("**/api/v1/session") as answer:
        page.clock.run_for(61_000)
    assert answer.value.status == 200


def test_the_source_code_is_one_click_away(page, jammed):
    page.goto(jammed)
    with page.expect_download() as download:
        page.get_by_role("link", name="Source").click()
    assert download.value.suggested_filename == "lanewatch-source.tar.gz"
    assert download.value.path().stat().st_size > 50_000
