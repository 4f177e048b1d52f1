"""The explorer in JupyterLab, moved by the keys of a real browser."""

import base64
import json
import os
import socket
import subprocess
import sys
import time
from dataclasses import replace

import pytest

from airfed import Scenario
from airfed.explorer import Ground, Setting
from airfed.explorer.widget import DOTS_PER_INCH, PIXELS_PER_INCH
from airfed.figures import OUTLOOK_INCHES, outlook_figure, picture

pytestmark = pytest.mark.notebooks

SCENARIO = {"network": {"clients_per_cell": 6, "wrap_around": True}}
CELLS = (
    f"from airfed import Scenario\nfrom airfed.explorer import explore\nexplorer = explore(Scenario(**{SCENARIO}))\nexplorer",
    "print(explorer.setting)",
)
TOKEN = "explorer"
KERNEL = "Python 3 (ipykernel)"
SECONDS_TO_WAIT = 60
SHOWN = """
const done = arguments[arguments.length - 1];
const reader = new FileReader();
reader.onload = () => done(reader.result.split(",")[1]);
fetch(document.querySelector("img.widget-image").src).then(it => it.blob()).then(it => reader.readAsDataURL(it));
"""
TOO_LARGE = """
return [...document.querySelectorAll(".jp-OutputArea .jupyter-widgets")]
    .filter(e => e.scrollWidth > e.clientWidth + 1).map(e => `${e.scrollWidth} in ${e.clientWidth}: ${e.innerText}`);
"""


@pytest.fixture(scope="module")
def address(tmp_path_factory):
    """JupyterLab, as a user starts it, with nothing of the user's own."""
    folder = tmp_path_factory.mktemp("lab")
    cells = [{"cell_type": "code", "source": text, "metadata": {}, "outputs": [], "execution_count": None} for text in CELLS]
    kernel = {"kernelspec": {"name": "python3", "display_name": KERNEL, "language": "python"}}
    book = {"cells": cells, "metadata": kernel, "nbformat": 4, "nbformat_minor": 4}
    (folder / "explorer.ipynb").write_text(json.dumps(book))
    settings = folder / "settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True)
    (settings / "notification.jupyterlab-settings").write_text('{"fetchNews": "false", "checkForUpdates": false}')
    of_jupyter = {f"JUPYTER_{kind}_DIR": str(folder / kind.lower()) for kind in ("CONFIG", "DATA", "RUNTIME")}
    of_lab = {f"JUPYTERLAB_{kind}_DIR": str(folder / kind.lower()) for kind in ("SETTINGS", "WORKSPACES")}
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    options = ["--no-browser", "--allow-root", "--ip=127.0.0.1", f"--port={port}", "--ServerApp.port_retries=0"]
    command = [sys.executable, "-m", "jupyterlab", *options, f"--IdentityProvider.token={TOKEN}"]
    environment = os.environ | of_jupyter | of_lab | {"IPYTHONDIR": str(folder / "ipython")}
    with (folder / "log").open("w") as log:
        process = subprocess.Popen(command, cwd=folder, env=environment, stdout=log, stderr=subprocess.STDOUT)
    try:
        until(lambda: list((folder / "runtime").glob("jpserver-*.json")), what=folder / "log")
        yield f"http://127.0.0.1:{port}/lab/tree/explorer.ipynb?token={TOKEN}"
    finally:
        process.terminate()  # and its kernels with it
        process.wait(timeout=SECONDS_TO_WAIT)


def until(holds, *, what):
    """Waits until it holds, and gives what it is then."""
    deadline = time.monotonic() + SECONDS_TO_WAIT
    while not (found := holds()):
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.05)
    return found


@pytest.fixture(scope="module")
def lab(browser, address):
    """The browser with the explorer in it."""
    browser.get(address)
    run(browser, 0)
    until(lambda: found(browser, "img.widget-image"), what="the explorer")
    return browser


def found(browser, selector):
    return browser.find_elements("css selector", selector)


def run(browser, cell):
    """Runs a cell of the notebook, which is there sooner or later."""
    from selenium.webdriver.common.keys import Keys

    until(lambda: len(found(browser, ".jp-Notebook .jp-CodeCell .cm-content")) == len(CELLS), what="the notebook")
    until(lambda: f"{KERNEL} | Idle" in found(browser, "#jp-main-statusbar")[0].text, what="an idle kernel")
    found(browser, ".jp-Notebook .jp-CodeCell .cm-content")[cell].send_keys(Keys.CONTROL, Keys.ENTER)


def press(browser, slider, key):
    """A key on a slider, by its place."""
    handle = found(browser, ".noUi-handle")[slider]
    browser.execute_script("arguments[0].focus()", handle)
    handle.send_keys(key)


def setting(browser, before):
    """What the kernel takes the sliders for, which is other than before."""

    def told():
        text = [output.text for output in found(browser, ".jp-OutputArea-output[data-mime-type*=stdout]")]
        return text[-1] if text and text[-1] != repr(before) else ""

    run(browser, 1)
    return eval(until(told, what=f"a setting other than {before}"), {"Setting": Setting})


def test_the_picture_in_the_browser_follows_every_slider(lab):
    """After one key on each, what is seen is to the bit what belongs to where the sliders are."""
    from selenium.webdriver.common.keys import Keys

    ground = Ground.of(Scenario(**SCENARIO))
    before = ground.outlook(ground.setting)

    def expected(setting):
        figure = outlook_figure(ground.outlook(setting), before=before)
        return picture(figure, "png", dots_per_inch=DOTS_PER_INCH)

    now = None
    for slider in (0, 1, 2, 4):
        press(lab, slider, Keys.ARROW_RIGHT)
        now = setting(lab, now)
        assert base64.b64decode(lab.execute_async_script(SHOWN)) == expected(now)
    own = ground.setting
    assert now == replace(own, bandwidth_hz=now.bandwidth_hz, client_power_dbm=24.0, snr_shift_db=1.0, clients_per_cell=7)
    assert now.bandwidth_hz == pytest.approx(10.0**0.05 * own.bandwidth_hz)
    assert [readout.text for readout in found(lab, ".widget-readout")] == ["11.2", "24.0", "+1", "3", "7"]


def test_what_is_not_allowed_is_said_in_place_of_the_picture(lab):
    from selenium.webdriver.common.keys import Keys

    (shown,) = found(lab, "img.widget-image")
    press(lab, 3, Keys.ARROW_RIGHT)
    until(lambda: not shown.is_displayed(), what="no picture")
    assert "wrap_around: got true with num_cells = 4; allowed with 1, 3, 7, 19 cells" in lab.page_source
    press(lab, 3, Keys.ARROW_LEFT)
    until(shown.is_displayed, what="the picture again")


@pytest.mark.parametrize("width", [1400, 900])
def test_everything_fits_and_the_picture_is_sharp(lab, width):
    lab.set_window_size(width, 1000)
    (shown,) = found(lab, "img.widget-image")
    area = found(lab, ".jp-OutputArea-output")[0].size["width"]
    until(lambda: shown.size["width"] <= area, what="a picture that fits")
    assert shown.size["width"] == pytest.approx(min(PIXELS_PER_INCH * OUTLOOK_INCHES[0], area), abs=20.0)
    assert shown.size["height"] / shown.size["width"] == pytest.approx(OUTLOOK_INCHES[1] / OUTLOOK_INCHES[0], rel=0.02)
    assert shown.get_property("naturalWidth") == DOTS_PER_INCH * OUTLOOK_INCHES[0]
    assert lab.execute_script(TOO_LARGE) == []


def test_the_console_is_silent(lab):
    assert [entry for entry in lab.get_log("browser") if entry["level"] not in ("DEBUG", "INFO")] == []
