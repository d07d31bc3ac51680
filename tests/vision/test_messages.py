"""Messages have deterministic ids and times that survive their JSON."""

from vision.messages import MESSAGE, CameraData, CameraMessage, message_id, t_of, timestamp_of

T = 1767225600.123


def camera_message(t: float) -> CameraMessage:
    data = CameraData(camera_id="c1", t=t, state="online", session=0, width=640, height=360)
    return CameraMessage(id=message_id("g", "camera.changed", "c1", t), timestamp=timestamp_of(t), gate="g", data=data)


def test_the_same_facts_have_the_same_id() -> None:
    assert camera_message(T) == camera_message(T)
    assert camera_message(T).id != camera_message(T + 0.001).id
    assert message_id("g", "camera.changed", "c2", T) != message_id("g", "camera.changed", "c1", T)


def test_a_message_survives_its_json() -> None:
    message = camera_message(T)
    text = MESSAGE.dump_json(message)
    assert b'"timestamp":"2026-01-01T00:00:00.123Z"' in text
    assert MESSAGE.validate_json(text) == message
    assert t_of(message) == T
