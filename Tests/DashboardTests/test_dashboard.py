"""The dashboard as a person meets it: in Chromium, with the real server, drones and the keyboard."""

import json
import pathlib
import re
import shutil
import subprocess
import time

import axe_core_python
import pytest
from conftest import running

HERE = pathlib.Path(__file__).parent
VIEWS = {"fleet": "#/", "map": "#/map", "models": "#/models", "server": "#/server"}

# A number that is another when a canvas shows something else.
LOOK = """(() => {{ const canvas = document.querySelector({0!r}); if (!canvas?.width) return 0;
    const small = new OffscreenCanvas(64, 36); const pen = small.getContext("2d"); pen.drawImage(canvas, 0, 0, 64, 36);
    const pixels = pen.getImageData(0, 0, 64, 36).data;
    return pixels.reduce((sum, part, index) => (sum * 31 + part * (index % 4 < 3)) % 1000003, 1); }})()"""
PANE = ".pane canvas"
# The number of the frame that is shown, and whether the newest are followed.
FRAME = r"Number(document.querySelector('.caption').innerText.match(/Frame (\d+)/)[1])"
LIVE = "document.querySelector('.transport button:last-of-type').getAttribute('aria-pressed')"


def look(page, selector=PANE):
    return page.evaluate(LOOK.format(selector))


def text(page, selector="main"):
    return page.evaluate(f"document.querySelector({selector!r})?.innerText ?? ''")


def has(page, words, selector="main", seconds=20):
    page.until(f"(document.querySelector({selector!r})?.innerText ?? '').includes({words!r})", seconds)


def against_axe(page):
    """What of the page is against axe's rules."""
    page.evaluate((pathlib.Path(axe_core_python.__file__).parent / "axe.min.js").read_text())
    return page.evaluate(
        "axe.run().then(({ violations }) => violations.map(({ id, nodes }) => [id, nodes.map(({ target, any }) =>"
        "`${target.join(' ')}: ${any.map(({ message }) => message).join()}`)]))"
    )


def open_session(page, server, drone):
    page.go(server.url + "/")
    link = f"[...document.querySelectorAll('.c-drone a')].find((a) => a.textContent === {drone!r})"
    page.until(link)
    page.evaluate(f"{link}.click()")
    page.until(
        f"document.querySelector('h1').textContent === {drone!r}"
        " && document.querySelector('.pane canvas')?.dataset.frame"
    )


def frame(page):
    return int(re.search(r"Frame (\d+)", text(page, ".caption"))[1])


def drawn(page, number):
    # A newer frame that was still loading when this one was asked for is drawn, too, before it.
    page.until(
        "document.querySelector('.pane').parentElement.ariaBusy === 'false' &&"
        f"document.querySelector('.pane canvas').getAttribute('aria-label').startsWith('Frame {number},')"
    )


def test_modules(page, server):
    page.go(server.url + "/")
    assert page.evaluate((HERE / "modules.js").read_text()) == []


def test_the_fleet_is_kept_up_in_place(page, server, shot):
    page.go(server.url + "/")
    page.until("document.querySelectorAll('.pill[data-state=live]').length === 3", 60)
    page.until("[...document.querySelectorAll('tbody .c-rate')].every((cell) => Number(cell.textContent) > 0)")
    page.until(
        "[...document.querySelectorAll('.thumb')]"
        ".every((canvas) => canvas.getContext('2d').getImageData(64, 36, 1, 1).data[3])"
    )
    page.evaluate("document.querySelectorAll('tbody tr').forEach((row) => { row.mark = true; })")
    before, frames = look(page, ".thumb"), page.evaluate("document.querySelector('tbody .c-frames').textContent")
    page.until(f"document.querySelector('tbody .c-frames').textContent !== {frames!r}")
    page.until(f"{LOOK.format('.thumb')} !== {before}")
    names = "[...document.querySelectorAll('tbody tr')].map((row) => row.mark && row.querySelector('a').innerText)"
    order = page.evaluate(names)
    assert all(order), "rows were made anew"
    # Until every row has changed, none has changed its place.
    page.evaluate(
        "document.querySelectorAll('tbody tr').forEach((row) => { row.before = row.parts.frames.textContent; })"
    )
    page.until("[...document.querySelectorAll('tbody tr')].every((row) => row.before !== row.parts.frames.textContent)")
    assert page.evaluate(names) == order
    has(page, "drones flying\n3", ".sums")
    shot("fleet")


def test_the_fleet_is_sorted_and_filtered(page, server):
    page.go(server.url + "/")
    page.until("document.querySelectorAll('tbody tr').length === 3", 60)
    names = "[...document.querySelectorAll('.c-drone a')].map((a) => a.textContent)"
    page.click("th.c-drone button")
    page.until(f"{names}.join() === 'kestrel-1,kestrel-2,merlin-3'")
    page.press("Enter")
    page.until(f"{names}.join() === 'merlin-3,kestrel-2,kestrel-1'")
    assert page.evaluate("document.querySelector('th.c-drone').getAttribute('aria-sort')") == "descending"
    page.click("#fleet-words")
    page.type("harb")
    page.until(f"{names}.join() === 'merlin-3'")
    page.type("xyz")
    has(page, "No session is like that")


def test_a_session_is_shown_live(page, server, shot):
    open_session(page, server, "kestrel-1")
    first, number = look(page), frame(page)
    page.until(f"{LOOK.format(PANE)} !== {first}")
    page.until(f"{FRAME} > {number}")
    # One frame is held, so that what changes now is our doing.
    tints = page.evaluate("""[".chart canvas", ".strip canvas"].map((name) => {
        const canvas = document.querySelector(name);
        return [...canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data].join(); })""")
    assert all("128,64,128,255" in tint for tint in tints), "the model's colour of roads"
    page.click("[aria-label='Previous frame']")
    page.until(f"{LIVE} === 'false'")
    drawn(page, frame(page))
    half = look(page)
    page.click("#opacity", 0.95)
    full = look(page)
    assert full != half, "opacity"
    page.click(".legend button")
    assert look(page) not in (half, full), "classes"
    page.click(".legend button")
    assert look(page) == full
    share = page.evaluate(
        "[...document.querySelectorAll('.legend .share')]"
        ".reduce((sum, item) => sum + Number(item.textContent.match(/[\\d.]+/)[0]), 0)"
    )
    assert share == pytest.approx(100, abs=1)
    x, y = page.place(PANE)
    page.move(x, y)
    page.until("/^\\d+, \\d+: \\w+/.test(document.querySelector('.pointer').innerText)")
    labels = page.evaluate(
        "[...document.querySelectorAll('.chart canvas')].map((item) => item.getAttribute('aria-label'))"
    )
    assert len(labels) == 4 and re.search(r"Similarity of \d+ frames: last 0\.\d+", labels[1])
    page.click(".transport button:last-of-type")
    page.until(f"{FRAME} > {number + 1}")
    shot("session")


@pytest.mark.parametrize("view, panes", [("side", 2), ("image", 1), ("mask", 1), ("similarity", 1)])
def test_pictures_of_a_session(page, server, shot, view, panes):
    open_session(page, server, "kestrel-2")
    before = look(page)
    page.evaluate(f"document.querySelector('.choice input[value={view}]').click()")
    page.until(f"document.querySelectorAll('.pane canvas').length === {panes} && {LOOK.format(PANE)} !== {before}")
    page.until("document.querySelector('.pane canvas').getContext('2d').getImageData(50, 50, 1, 1).data[3] === 255")
    shot(f"session-{view}")


def test_a_hidden_tab_holds_no_stream_and_misses_nothing(page, server):
    page.go(server.url + "/")
    page.until("document.querySelectorAll('.pill[data-state=live]').length === 3", 60)
    hide = (
        "Object.defineProperty(document, 'hidden', {{ get: () => {0}, configurable: true }});"
        "document.dispatchEvent(new Event('visibilitychange'))"
    )
    frames = "Number(document.querySelector('tbody .c-frames').textContent)"
    session = page.evaluate("document.querySelector('.c-session code').title")
    page.evaluate(hide.format("true"))
    held, number = page.evaluate(frames), server.ask("GET", f"/v1/sessions/{session}")["frames"]
    while server.ask("GET", f"/v1/sessions/{session}")["frames"] < number + 5:
        time.sleep(0.1)
    assert page.evaluate(frames) <= held + 1
    page.evaluate(hide.format("false"))
    page.until(f"{frames} >= {number + 5}")
    # The stream has repeated what was missed, and the server was asked: neither counts twice.
    last = server.ask("GET", f"/v1/sessions/{session}")["frames"]
    page.until(f"{frames} >= {last}")
    assert page.evaluate(frames) <= server.ask("GET", f"/v1/sessions/{session}")["frames"]


def test_pictures_that_are_not_stored_are_not_missed(page, flights):
    with running(page=page) as server:
        for options, words in [
            ({"store_images": "none"}, "does not store frames"),
            ({"store_masks": False}, "does not store"),
        ]:
            session = server.session(drone_id="<b>bare</b>", **options)
            for number in range(2):
                path = f"/v1/sessions/{session}/frames/{number}"
                server.ask("PUT", path, flights[1].pictures[number], **{"Content-Type": "image/jpeg"})
            page.go(f"{server.url}/#/session/{session}")
            has(page, words, ".note")
            assert text(page, "h1") == "<b>bare</b>"
            page.go(server.url + "/")
            page.until("document.querySelector('tbody tr')")


def test_where_the_ground_was_lost_is_told_and_shown(page, server):
    open_session(page, server, "kestrel-1")
    has(page, "registration lost", ".incidents", 60)
    has(page, "the session began", ".incidents")
    assert re.search(r"· [1-9]\d* resets?", text(page, ".facts"))
    page.evaluate(
        "[...document.querySelectorAll('.incidents button')]"
        ".findLast((item) => item.innerText.includes('lost')).click()"
    )
    has(page, "Frame 9 · ", ".caption")
    has(page, "reset: registration lost", ".caption")
    page.evaluate("document.querySelector('.choice input[value=similarity]').click()")
    has(page, "Nothing was propagated", ".note")


def test_conditions_are_listed_and_marked(page, flights, shot):
    with running(page=page) as server:
        skipped = {"name": "frames skipped", "when": {"gap_frames": {">": 0}}, "tell_cleared": True}
        lost = {"name": "ground lost", "when": {"any": [{"registration": "lost", "for_s": 2}, {"inliers": {"<": 5}}]}}
        session = server.session(drone_id="kestrel-9", max_gap_ms=600000, conditions=[skipped, lost])

        def send(number):
            path = f"/v1/sessions/{session}/frames/{number}"
            server.ask("PUT", path, flights[1].pictures[number], **{"Content-Type": "image/jpeg"})

        for number in (0, 1, 3, 4):
            send(number)
        page.go(f"{server.url}/#/session/{session}")
        # What was told before the page was there is known all the same.
        has(page, "last raised", ".conditions")
        assert "(registration lost for 2 s or inliers < 5)" in text(page, ".conditions")
        assert "not raised so far" in text(page, ".conditions li:last-child")
        has(page, "condition raised: frames skipped", ".incidents")
        assert text(page, "#incidents-title") == "Resets and conditions"
        states = "[...document.querySelectorAll('.conditions .pill')].map((pill) => pill.dataset.state).join()"
        assert page.evaluate(states) == "quiet,quiet"
        before = look(page, ".strip canvas")
        send(6)
        page.until(f"{states} === 'raised,quiet'")
        page.until("document.querySelector('.incidents li').innerText.includes('#6')")
        assert look(page, ".strip canvas") != before
        shot("conditions")
        send(7)
        page.until(f"{states} === 'quiet,quiet'")
        page.evaluate(
            "[...document.querySelectorAll('.incidents button')]"
            ".findLast((item) => item.innerText.includes('skipped')).click()"
        )
        has(page, "Frame 3 · ", ".caption")
        assert against_axe(page) == []


def test_history_by_the_keyboard(page, server):
    open_session(page, server, "kestrel-1")
    page.until(f"{FRAME} > 14", 60)
    page.evaluate("document.querySelector('.strip input').focus()")
    for key, number in [
        ("Home", 0),
        ("ArrowRight", 1),
        ("ArrowRight", 2),
        ("PageUp", 12),
        ("ArrowLeft", 11),
        ("PageDown", 1),
    ]:
        page.press(key)
        page.until(f"document.querySelector('.caption').innerText.startsWith('Frame {number} ')")
    drawn(page, 1)
    assert "Frame 1, " in page.evaluate("document.querySelector('.strip input').getAttribute('aria-valuetext')")
    page.click("[aria-label=Play]")
    page.until(f"{FRAME} >= 4")
    page.evaluate("document.querySelector('.strip input').focus()")
    page.press("End")
    page.until(f"{LIVE} === 'true'")
    page.until(f"{FRAME} > 12")
    page.click(".strip input", 0.3)
    page.until(f"{LIVE} === 'false'")
    assert frame(page) > 2


def test_the_map_leads_to_frames(page, server, shot):
    page.go(server.url + "/#/map")
    page.until(
        "/Map of 3 tracks, \\d+ pos/.test(document.querySelector('.sheet canvas').getAttribute('aria-label'))", 60
    )
    before = look(page, ".sheet canvas")
    page.evaluate("document.querySelector('.sheet canvas').focus()")
    page.press("+")
    page.until(f"{LOOK.format('.sheet canvas')} !== {before}")
    page.press("0")
    shot("map")
    names = page.evaluate("[...document.querySelectorAll('.tracks .name')].map((name) => name.firstChild.textContent)")
    assert names == ["kestrel-1", "kestrel-2", "merlin-3"]
    # Alone on the map, the newest position of a track is somewhere: the pointer looks for it as a hand would.
    page.evaluate("[...document.querySelectorAll('.tracks input')].slice(1).forEach((box) => box.click())")
    page.until("document.querySelector('.sheet canvas').getAttribute('aria-label').startsWith('Map of 1 track')")
    left, top = page.place(".sheet canvas", 0, 0)
    right, bottom = page.place(".sheet canvas", 1, 1)
    places = [(x, y) for y in range(int(top) + 30, int(bottom), 22) for x in range(int(left) + 30, int(right), 22)]
    for x, y in places:
        page.move(x, y)
        if page.evaluate("document.querySelector('.sheet canvas').hasAttribute('data-near')"):
            break
    has(page, "° N", ".pointer")
    page.click_at(x, y)
    page.until(
        "location.hash.includes('/frame/')"
        " && document.querySelector('.pane canvas')?.dataset.frame === location.hash.split('/').pop()"
    )


def test_positions_at_the_edges_of_the_globe(page, flights, shot):
    with running(page=page) as server:

        def track(drone, *places):
            session = server.session(drone_id=drone)
            for number, (lat, lon) in enumerate(places):
                path = f"/v1/sessions/{session}/frames/{number}?lat={lat}&lon={lon}&heading_deg=90"
                server.ask("PUT", path, flights[1].pictures[number], **{"Content-Type": "image/jpeg"})

        track("single", (49.49, 8.47))
        page.go(server.url + "/#/map")
        page.until(
            "document.querySelector('.sheet canvas').getAttribute('aria-label') === 'Map of 1 track, 1 position'"
        )
        shot("map-single")
        track("pacific", (10.0, 179.9995), (10.0003, -179.9997), (10.0, -179.999))
        page.evaluate("document.querySelectorAll('.tracks input')[1].click()")
        page.until(
            "document.querySelector('.sheet canvas').getAttribute('aria-label') === 'Map of 1 track, 3 positions'"
        )
        shot("map-antimeridian")


def test_the_ground_in_view_is_drawn(page, flights, shot):
    with running(page=page) as server:
        session = server.session(drone_id="mapper")
        # 140 m by 79 m, the antimeridian a little to the east of the middle.
        pose = "lat=10&lon=179.9999&agl_m=100&gimbal_yaw_deg=0&gimbal_pitch_deg=-90&fov_h_deg=70"
        path = f"/v1/sessions/{session}/frames/0?{pose}"
        frame = server.ask("PUT", path, flights[1].pictures[0], **{"Content-Type": "image/jpeg"})
        assert frame["telemetry"]["footprint"]["type"] == "MultiPolygon"
        page.go(server.url + "/#/map")
        page.until(
            "document.querySelector('.sheet canvas').getAttribute('aria-label') === 'Map of 1 track, 1 position'"
        )
        most = """((left, top) => { const canvas = document.querySelector('.sheet canvas'), counts = new Map();
            const data = canvas.getContext('2d').getImageData(canvas.width * left, canvas.height * top,
                canvas.width * 0.06, canvas.height * 0.06).data;
            for (let index = 0; index < data.length; index += 4) {
                const colour = data.slice(index, index + 3).join();
                counts.set(colour, (counts.get(colour) ?? 0) + 1);
            }
            return [...counts].sort((a, b) => b[1] - a[1])[0][0]; })"""
        page.until(f"{most}(0.3, 0.55) !== {most}(0, 0.3)")
        assert page.evaluate(f"{most}(0.3, 0.55) === {most}(0.65, 0.4)")
        shot("map-footprint")


def test_models_and_server(page, server, shot):
    page.go(server.url + "/#/models")
    has(page, "aerial-nano")
    assert page.evaluate("document.querySelectorAll('.swatches li').length") == 8
    shot("models")
    page.go(server.url + "/#/server")
    has(page, "Ready", ".tiles")
    has(page, "PUT /v1/sessions/{id}/frames/{sequence}")
    has(page, "frames propagated")
    shot("server")


def test_a_server_without_sessions_says_what_to_do(page, shot):
    with running(page=page) as server:
        page.go(server.url + "/")
        has(page, "windhover simulate")
        shot("empty")


def test_a_restart_is_survived(page, flights, shot):
    with running(page=page) as server:
        drone = server.fly("kestrel-9", "valley", flights[1], 3, max_gap_ms=60000)
        try:
            open_session(page, server, "kestrel-9")
            page.until(f"{FRAME} > 3")
            server.stop()
            has(page, "does not answer", "#banner")
            has(page, "Not reachable", "#link")
            number, shown = frame(page), look(page)
            assert shown, "what was seen last stays"
            shot("gone")
            server.start()
            page.until("document.querySelector('#banner').hidden", 30)
            has(page, "Connected", "#link")
            page.until(f"{FRAME} > {number + 1}", 60)
            page.until(
                "/server was restarted|continued from stored/.test(document.querySelector('.incidents').innerText)"
            )
            page.until(f"{LOOK.format(PANE)} !== {shown}")
        finally:
            drone.land()
    # The console must know that the server was away, and nothing else.
    page.evaluate("0")
    page.faults[:] = [fault for fault in page.faults if "net::ERR_" not in fault]


def test_a_key_is_asked_for(page, shot):
    key = "a-key-for-this-test-alone"
    with running("--api-key", key, page=page) as server:
        page.go(server.url + "/")
        page.until("document.querySelector('#login').open")
        assert page.evaluate("document.activeElement.id") == "login-key"
        shot("login")
        page.type("this is not the key")
        page.press("Enter")
        has(page, "none of its keys", "#login-fault")
        page.evaluate("document.querySelector('#login-key').select()")
        page.type(key)
        page.press("Enter")
        page.until("!document.querySelector('#login').open")
        has(page, "No session yet")
        has(page, "Connected", "#link")
        page.evaluate("fetch('v1/login', {method: 'DELETE'}).then(() => { location.hash = '#/models'; })")
        page.until("document.querySelector('#login').open")
        page.type(key)
        page.press("Enter")
        has(page, "aerial-nano")
        assert key not in page.evaluate("JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])")
    page.evaluate("0")
    page.faults[:] = [fault for fault in page.faults if "401" not in fault]


def test_the_page_by_the_keyboard_alone(page, server):
    page.go(server.url + "/")
    page.until("document.querySelectorAll('tbody tr').length === 3", 60)
    page.press("Tab")
    assert page.evaluate("document.activeElement.className") == "skip"
    page.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    seen = []
    for _ in range(40):
        page.press("Tab")
        seen.append(page.evaluate("document.activeElement.tagName + ' ' + document.activeElement.innerText"))
        assert page.evaluate(
            "getComputedStyle(document.activeElement).outlineStyle !== 'none'"
            " || document.activeElement.type === 'checkbox'"
        ), seen
        if seen[-1].startswith("A kestrel"):
            break
    page.press("Enter")
    page.until("location.hash.startsWith('#/session/')")
    page.until("document.activeElement.tagName === 'H1'")


AXE = (
    "axe.run().then(({ violations }) => violations.map(({ id, nodes }) => [id, nodes.map(({ target, any }) =>"
    "`${target.join(' ')}: ${any.map(({ message }) => message).join()}`)]))"
)


def clip(path, seconds):
    source = f"testsrc=duration={seconds}:size=320x192:rate=10"
    subprocess.run(
        ["ffmpeg", "-v", "error", "-f", "lavfi", "-i", source, "-pix_fmt", "yuv420p", "-y", path], check=True
    )
    return path


@pytest.mark.skipif(not (shutil.which("ffmpeg") and shutil.which("ffprobe")), reason="needs ffmpeg and ffprobe")
def test_video_files_are_chosen_dropped_followed_and_ended(page, shot, tmp_path):
    def state(name):
        rows = "[...document.querySelectorAll('.videos tbody tr')]"
        row = f"{rows}.find((row) => row.querySelector('th').innerText.startsWith({name!r}))"
        return f"{row}?.querySelector('.pill').textContent"

    with running("--video-jobs", "1", page=page) as server:
        page.go(server.url + "/#/videos")
        has(page, "No video file yet")
        page.click("#video-drone")
        page.type("kestrel-7")
        page.click("#video-overlay")
        short, long = clip(tmp_path / "short.mp4", 2), clip(tmp_path / "long.mp4", 120)
        root = page.send("DOM.getDocument")["root"]["nodeId"]
        field = page.send("DOM.querySelector", nodeId=root, selector="#video-file")["nodeId"]
        page.send("DOM.setFileInputFiles", nodeId=field, files=[str(short)])
        page.until(f"{state('short.mp4')} === 'done'", 60)
        has(page, "20 frames", ".c-progress")
        has(page, "kestrel-7", ".c-name")
        overlay = page.evaluate("document.querySelector('.c-links a[target]').href")
        type = f"fetch({overlay!r}).then((answer) => answer.headers.get('Content-Type'))"
        assert page.evaluate(type) == "video/mp4"

        drop = """(() => {{ const data = new DataTransfer(); data.items.add(new File([new Uint8Array({0})], {1!r}));
            document.querySelector('.drop').dispatchEvent(new DragEvent('drop', {{ dataTransfer: data,
            bubbles: true, cancelable: true }})); }})()"""
        page.evaluate(drop.format(json.dumps(list(long.read_bytes())), "long.mp4"))
        page.until(f"{state('long.mp4')} === 'running'", 60)
        page.until("/[1-9]\\d* of 1,200 frames/.test(document.querySelector('.c-progress').innerText)", 60)
        assert page.evaluate("Number(document.querySelector('.bar').getAttribute('aria-valuenow'))") < 100
        shot("videos")
        page.evaluate((pathlib.Path(axe_core_python.__file__).parent / "axe.min.js").read_text())
        for scheme in ("dark", "light"):
            page.prefer(color_scheme=scheme)
            assert page.evaluate(AXE) == [], scheme
            shot(f"videos-{scheme}")
        page.size(768, 1024)
        assert page.evaluate("document.documentElement.scrollWidth") <= 768
        shot("videos-768")
        page.size(1280, 800)

        page.click("[aria-label='Cancel long.mp4']")
        page.until(f"{state('long.mp4')} === 'cancelled'")
        page.click("[aria-label='Remove long.mp4']")
        page.until(f"{state('long.mp4')} === undefined")
        session = page.evaluate("document.querySelector('.c-links a').getAttribute('href')")
        page.evaluate("document.querySelector('.c-links a').click()")
        page.until(f"location.hash === {session!r} && document.querySelector('h1').textContent === 'kestrel-7'")

        page.go(server.url + "/#/videos")
        page.until("document.querySelector('.drop')")
        page.evaluate(drop.format(json.dumps(list(b"no film at all, whatever it is called")), "fake.mp4"))
        has(page, "neither MP4, MOV nor MKV", ".fault")
        page.until(f"{state('fake.mp4')} === undefined")
        # That the server refused it stands in the console, as it should.
        page.faults[:] = [fault for fault in page.faults if "415" not in fault]


@pytest.mark.skipif(not (shutil.which("ffmpeg") and shutil.which("ffprobe")), reason="needs ffmpeg and ffprobe")
def test_a_server_with_keys_is_asked_for_one_to_upload(page, tmp_path):
    key = "an-operators-own-key"
    with running("--api-key", key, page=page) as server:
        page.go(server.url + "/#/videos")
        page.until("document.querySelector('#login').open")
        page.click("#login-key")
        page.type(key)
        page.press("Enter")
        has(page, "No video file yet")
        short = clip(tmp_path / "short.mp4", 1)
        choose = (
            f"(() => {{ const data = new DataTransfer(); data.items.add(new File([new Uint8Array("
            f"{json.dumps(list(short.read_bytes()))})], 'short.mp4')); document.querySelector('.drop')"
            f".dispatchEvent(new DragEvent('drop', {{ dataTransfer: data, bubbles: true, cancelable: true }})); }})()"
        )
        page.evaluate(choose)
        page.until("document.activeElement.id === 'video-key'")
        page.type(key)
        page.press("Tab")
        page.evaluate(choose)
        page.until("document.querySelector('.videos .pill')?.textContent === 'done'", 60)
        page.faults[:] = [fault for fault in page.faults if "401" not in fault]


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_accessibility(page, server, shot, scheme):
    """axe's rules, contrast among them, in every view."""
    page.prefer(color_scheme=scheme)
    open_session(page, server, "kestrel-1")
    views = {"session": page.evaluate("location.hash"), **VIEWS}
    for view, address in views.items():
        page.go(server.url + "/" + address)
        page.until("document.querySelector('tbody tr, .card, .chart, .sheet')", 60)
        assert against_axe(page) == [], view
        shot(f"{view}-{scheme}")


def test_a_chosen_theme_stays(page, server):
    page.go(server.url + "/")
    ground = "getComputedStyle(document.body).backgroundColor"
    light = page.evaluate(ground)
    page.evaluate(
        "document.querySelector('#theme').value = 'dark';"
        "document.querySelector('#theme').dispatchEvent(new Event('change'))"
    )
    dark = page.evaluate(ground)
    assert dark != light
    page.send("Page.reload")
    page.until(f"document.readyState === 'complete' && {ground} === {dark!r}")
    assert page.evaluate("document.querySelector('#theme').value") == "dark"


@pytest.mark.parametrize("width, height", [(1280, 800), (1024, 768), (768, 1024)])
def test_nothing_runs_over_the_edge(page, server, shot, width, height):
    page.size(width, height)
    open_session(page, server, "kestrel-2")
    for view, address in {"session": page.evaluate("location.hash"), **VIEWS}.items():
        page.go(server.url + "/" + address)
        page.until("document.querySelector('tbody tr, .card, .chart, .sheet')", 60)
        assert page.evaluate("document.documentElement.scrollWidth") <= width, view
        shot(f"{view}-{width}")
