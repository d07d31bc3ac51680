"""What Prometheus gets of lanes and cameras: what is measured, and nothing where nothing is."""

from __future__ import annotations

from api.stream.hub import Hub
from api.stream.window import ParsedEntry
from api.web.metrics import Metrics, ReadingCounts
from vision.messages import Message
from vision.sample_messages import CAMERA_MEASURED, LANE_MEASURED

COUNTS = ReadingCounts(lag_s=None, recorded=0, parsed=0, set_aside={}, questions=0, question_results={})


def shown(metrics: Metrics) -> list[str]:
    return [line for line in metrics.render(Hub(), {}, COUNTS).decode().splitlines() if not line.startswith("#")]


def take(metrics: Metrics, message: Message) -> None:
    metrics.observe(ParsedEntry("1-0", (1, 0), message.model_dump_json(), message))


def without(message: Message, *names: str) -> Message:
    return message.model_copy(update={"data": message.data.model_copy(update=dict.fromkeys(names))})


def test_a_camera_s_fit_is_a_gauge_for_each_figure_and_gone_where_it_is_unknown() -> None:
    metrics = Metrics()
    take(metrics, CAMERA_MEASURED)
    found = [line for line in shown(metrics) if "camera=" in line]
    assert sorted(found) == [
        'lanewatch_camera_frame_age_s{camera="import"} 0.2',
        'lanewatch_camera_innovation{camera="import"} 0.94',
        'lanewatch_camera_rate_fps{camera="import"} 5.0',
        'lanewatch_camera_unexplained_share{camera="import"} 0.021',
    ]
    take(metrics, without(CAMERA_MEASURED, "innovation", "unexplained_share"))
    assert [line.split("{")[0] for line in shown(metrics) if "camera=" in line] == [
        "lanewatch_camera_rate_fps",
        "lanewatch_camera_frame_age_s",
    ]


def test_a_queue_has_its_interval_beside_it() -> None:
    metrics = Metrics()
    take(metrics, LANE_MEASURED)
    lines = shown(metrics)
    assert 'lanewatch_queue_low{lane="IM2"} 1.0' in lines
    assert 'lanewatch_queue_high{lane="IM2"} 2.0' in lines
    take(metrics, without(LANE_MEASURED, "queue_low", "queue_high"))
    assert not [line for line in shown(metrics) if line.startswith(("lanewatch_queue_low{", "lanewatch_queue_high{"))]
