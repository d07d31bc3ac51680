"""No credential survives the one redaction function."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vision.redaction import redact_url


@pytest.mark.parametrize(
    ("text", "redacted"),
    [
        ("rtsp://admin:pa55@10.0.0.1:554/1", "rtsp://***@10.0.0.1:554/1"),
        ("Error opening 'rtsp://a:b@h/x?y=1': 401", "Error opening 'rtsp://***@h/x?y=1': 401"),
        ("http://h/s?user=me&password=p&x=1", "http://h/s?user=***&password=***&x=1"),
        (
            "https://h/s?access_token=p&api_key=q&x-api-key=r&sig=s",
            "https://h/s?access_token=***&api_key=***&x-api-key=***&sig=***",
        ),
        ("rtsp://h:554/user=admin&password=p&channel=1", "rtsp://h:554/user=***&password=***&channel=1"),
        ("rtsp://h:554/user=admin_password=p_channel=1", "rtsp://h:554/user=***"),
        ("http://h/monkey=1?turkey=2", "http://h/monkey=1?turkey=2"),
        ("rtsp://a:p@ss@h/x", "rtsp://***@h/x"),
        ("rtsp://a:p/s?s#@h/x", "rtsp://***@h/x"),
        ("rtsp://h/path@2", "rtsp://h/path@2"),
        ("rtsp://h:554/path@2", "rtsp://h:554/path@2"),
        ("mail me@example.org", "mail me@example.org"),
    ],
)
def test_examples(text: str, redacted: str) -> None:
    assert redact_url(text) == redacted


@given(st.text(st.characters(categories=["L", "N"]), min_size=8), st.text(st.characters(categories=["L", "N"]), min_size=8))
def test_no_password_survives(user: str, password: str) -> None:
    text = redact_url(f"cannot open rtsp://{user}:{password}@camera.local/stream: refused")
    assert text == "cannot open rtsp://***@camera.local/stream: refused"
    assert redact_url(text) == text
