"""A picture of the live page: `python -m tests.support.screenshot URL OUT [--lang vi] [--theme light] [--width 1920]`.

URL is a sign-in link or the page's address. It waits until lanes are measured and, where a camera is online, its picture
has come; the PNG is reduced to a palette so that it stays small enough for the README.
"""

from __future__ import annotations

import argparse
import io
import json
import shutil
import sys
from pathlib import Path
from typing import Final
from urllib.parse import urlsplit

from PIL import Image
from playwright.sync_api import Browser, Page, Playwright, sync_playwright
from playwright.sync_api import Error as PlaywrightError

__all__ = ["chromium", "main", "open_browser", "save_screenshot"]

_CHROMIUM: Final = ("chromium", "chromium-browser", "google-chrome")
_ARGUMENTS: Final = ("--no-sandbox", "--disable-gpu", "--disable-background-networking", "--no-first-run")
_MEASURED: Final = "() => document.querySelectorAll('.lane.live, .lane.unknown').length > 0"
_PICTURES: Final = """() => [...document.querySelectorAll('.picture')]
    .every((one) => one.classList.contains('live') || one.querySelector('.fault'))"""


def chromium() -> str | None:
    """The path of this machine's Chromium; None where there is none."""
    return next((path for name in _CHROMIUM if (path := shutil.which(name))), None)


def open_browser(playwright: Playwright) -> Browser:
    """Headless Chromium: the system's, else playwright's own."""
    return playwright.chromium.launch(executable_path=chromium(), args=list(_ARGUMENTS))


def save_screenshot(page: Page, out: Path, colours: int = 200) -> None:
    """Writes what the page shows as a PNG with a palette."""
    image = Image.open(io.BytesIO(page.screenshot())).convert("RGB")
    image.quantize(colours, dither=Image.Dither.NONE).save(out, optimize=True)


def main(arguments: list[str] | None = None) -> int:
    """Takes one picture; 1 and a sentence where the page never became live."""
    options = _parser().parse_args(arguments)
    with sync_playwright() as playwright:
        browser = open_browser(playwright)
        try:
            _take(browser, options)
        except PlaywrightError as error:
            sys.stderr.write(f"{options.url.split('?')[0]} did not become a live page: {str(error).splitlines()[0]}\n")
            return 1
        finally:
            browser.close()
    return 0


def _take(browser: Browser, options: argparse.Namespace) -> None:
    page = browser.new_page(viewport={"width": options.width, "height": options.height})
    chosen = {"lanewatch.language": options.lang, "lanewatch.theme": options.theme}
    page.add_init_script(f"for (const [k, v] of Object.entries({json.dumps(chosen)})) localStorage.setItem(k, v)")
    page.goto(options.url)
    if urlsplit(options.url).path.startswith("/sign-in"):
        page.wait_for_url(lambda url: not urlsplit(url).path.startswith("/sign-in"))
    page.wait_for_function(_MEASURED, timeout=options.patience * 1000)
    page.wait_for_function(_PICTURES, timeout=options.patience * 1000)
    page.wait_for_timeout(options.settle * 1000)
    save_screenshot(page, options.out)


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m tests.support.screenshot", description="A picture of the live page.")
    parser.add_argument("url")
    parser.add_argument("out", type=Path)
    parser.add_argument("--lang", choices=("vi", "en", "zh"), default="en")
    parser.add_argument("--theme", choices=("dark", "light"), default="dark")
    parser.add_argument("--width", type=int, default=1920)
    parser.add_argument("--height", type=int, default=1080)
    parser.add_argument("--patience", type=float, default=30, help="seconds to wait for the page to be live")
    parser.add_argument("--settle", type=float, default=2, help="seconds to wait after that")
    return parser


if __name__ == "__main__":
    raise SystemExit(main())
