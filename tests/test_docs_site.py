"""The site as built, in a real browser: nothing is broken, nothing is fetched from elsewhere, and it can be searched."""

import http.server
import importlib
import json
import subprocess
import sys
import threading
from functools import partial
from pathlib import Path
from urllib.parse import urldefrag

import pytest

pytestmark = pytest.mark.docs

ROOT = Path(__file__).parent.parent
STATE = """
return {
    links: [...document.querySelectorAll("a[href]")].map(a => a.href),
    anchors: [...document.querySelectorAll("[id]")].map(e => e.id),
    modules: document.querySelectorAll(".doc-heading .doc-symbol-module").length,
    missing: [...document.images].filter(i => !(i.complete && i.naturalWidth > 0)).map(i => i.src),
};
"""
SECONDS_TO_WAIT = 20


class Quiet(http.server.SimpleHTTPRequestHandler):
    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The folder of the site, built by what a user would type."""
    folder = tmp_path_factory.mktemp("site")
    command = [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", str(folder)]
    built = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    return folder


@pytest.fixture(scope="module")
def address(site):
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), partial(Quiet, directory=str(site))) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def pages(browser, address):
    """Every page that links lead to from the first one: its links, anchors and missing pictures, and what the console says."""
    found, left = {}, [address]
    while left:
        page = left.pop()
        browser.get(page)
        found[page] = browser.execute_script(STATE) | {"console": browser.get_log("browser")}
        targets = {urldefrag(link).url for link in found[page]["links"]}
        left += [url for url in targets if url.startswith(address) and url not in found and url not in left]
    return found


def test_every_page_is_reached(pages, site, address):
    built = {path.relative_to(site).as_posix().removesuffix("index.html") for path in site.rglob("*.html")} - {"404.html"}
    assert {url.removeprefix(address) for url in pages} >= built
    assert len(built) > 50


def test_links_lead_to_pages_and_anchors_that_exist(pages, address):
    broken = [
        f"{page} -> {link}"
        for page, state in pages.items()
        for link in state["links"]
        for url, anchor in [urldefrag(link)]
        if url.startswith(address) and (url not in pages or (anchor and anchor not in pages[url]["anchors"]))
    ]
    assert not broken


def test_pictures_load_and_the_console_is_silent(pages):
    assert not {page: state["missing"] for page, state in pages.items() if state["missing"]}
    assert not {page: state["console"] for page, state in pages.items() if state["console"]}


def test_nothing_is_fetched_from_elsewhere(pages, browser, address):
    assert pages
    events = [json.loads(entry["message"])["message"] for entry in browser.get_log("performance")]
    asked = {event["params"]["request"]["url"] for event in events if event["method"] == "Network.requestWillBeSent"}
    assert address in asked
    ours = (address, "data:", "blob:", "chrome:")  # the last for the browser's own first tab
    assert not {url for url in asked if not url.startswith(ours)}


def test_every_public_name_is_in_the_reference(pages, address):
    packages = ["channels", "aircomp", "latency_opt", "fl_models", "airfed", "channels.sionna_backend", "airfed.figures"]
    anchors = {anchor for page, state in pages.items() if page.startswith(f"{address}api/") for anchor in state["anchors"]}
    for package in packages:
        exported = {f"{package}.{name}" for name in importlib.import_module(package).__all__}
        assert exported <= anchors, package
    assert not any(state["modules"] for state in pages.values())  # in place of what is called like one


def test_the_search_finds_a_class(browser, address):
    from selenium.webdriver.common.by import By
    from selenium.webdriver.support.expected_conditions import element_to_be_clickable, url_contains
    from selenium.webdriver.support.wait import WebDriverWait

    browser.get(address)
    wait = WebDriverWait(browser, SECONDS_TO_WAIT)
    browser.execute_script("document.querySelector('[data-md-toggle=search]').click()")
    wait.until(element_to_be_clickable((By.CSS_SELECTOR, "input.md-search__input"))).send_keys("PartitionProblem")
    anchor = "#latency_opt.PartitionProblem"
    wait.until(element_to_be_clickable((By.CSS_SELECTOR, f".md-search-result__link[href*='{anchor}']"))).click()
    wait.until(url_contains("api/latency_opt/hist_partition/"))
    assert browser.current_url.endswith(anchor)
    assert browser.find_element(By.ID, anchor[1:]).is_displayed()
    assert not browser.get_log("browser")
