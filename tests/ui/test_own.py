"""A visitor's own picture in browser mode: the same bytes as in Python, nothing sent, and the page says so."""

import base64
import io
import json
import re
import shutil
import subprocess

import numpy as np
import pytest
import torch
from PIL import Image

from models.checkpoint import load_weights
from tests.ui.conftest import SHIPPED, until
from tests.ui.test_digits import drawing, inverse, photograph
from ui import images
from ui.lapgan_examples import EXAMPLES

ROOT = SHIPPED.parent
PREPARE = """
import { readFileSync } from "node:fs";
import { prepare } from "./ui/web/prepare.js";
const cases = JSON.parse(readFileSync(0, "utf8"));
console.log(JSON.stringify(cases.map(({ picture, width, height, digits, shape }) => {
  const pixels = Uint8Array.from(Buffer.from(picture, "base64"));
  try {
    const made = prepare({ pixels, width, height, channels: 3 }, { digits, shape });
    return [[...made.pixels], made.steps];
  } catch ({ refusal, values }) {
    return [refusal, values];
  }
})));
"""
ENCODER = "performance.getEntriesByType('resource').some(({ name }) => name.endsWith('/encoder.onnx'))"
SEEN = {"infogan": "#infogan-own", "bigan": "#bigan-stage"}  # where a tab shows what its net sees
STROKE = [(0.3, 0.25), (0.68, 0.22), (0.55, 0.5), (0.45, 0.85)]


def prepared(cases):
    """Let the page's modules prepare pictures: (picture, whether it shows a digit, side, channels) each."""
    sent = [
        {
            "picture": base64.b64encode(image.convert("RGB").tobytes()).decode(),
            "width": image.width,
            "height": image.height,
            "digits": digits,
            "shape": [channels, size, size],
        }
        for image, digits, size, channels in cases
    ]
    done = subprocess.run(
        [shutil.which("node"), "--input-type=module", "-e", PREPARE],
        cwd=ROOT, input=json.dumps(sent), capture_output=True, text=True, timeout=120, check=False,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    return json.loads(done.stdout)


def test_digits_are_prepared_in_the_browser_as_in_python():
    speck = drawing(width=20)
    speck.paste(120, (8, 8, 11, 11))
    clean = images.digit_view(drawing()).image
    board = inverse(photograph(drawing(), paper=(235, 180), ink=40))
    pictures = [drawing(width=width) for width in (6, 12, 30)]
    pictures += [inverse(drawing()).convert("RGB"), speck, board, clean, inverse(clean)]
    for size, paper in (((280, 280), (235, 220)), ((400, 300), (190, 120)), ((900, 700), (120, 70))):
        scale = min(size) / 280
        sheet = drawing(size=size, at=(90 * scale, 60 * scale), scale=scale, width=round(18 * scale))
        pictures.append(photograph(sheet, paper=paper, ink=20))
    pictures.append(Image.merge("RGB", [drawing(), drawing(at=(93, 60)), drawing(at=(90, 63))]))  # colours
    cases = [(picture, True, size, 1) for picture in pictures for size in (28, 32)]
    for (picture, _, size, _), (pixels, steps) in zip(cases, prepared(cases), strict=True):
        wanted = images.digit_view(picture, size)
        assert steps == list(wanted.steps)
        assert np.array_equal(pixels, np.asarray(wanted.image).ravel()), (picture.size, size)


def test_other_pictures_are_cropped_and_scaled_in_the_browser_as_in_python():
    boat = next(iter(EXAMPLES.values()))()
    pictures = [boat, boat.resize((333, 201)), boat.resize((20, 17)), boat.resize((32, 32))]
    cases = [(picture, False, size, channels) for picture in pictures for size in (28, 32) for channels in (1, 3)]
    for (picture, _, size, channels), (pixels, steps) in zip(cases, prepared(cases), strict=True):
        wanted = images.to_tensor(picture, size=size, channels=channels)[0]
        wanted = ((wanted + 1) * 127.5).round().permute(1, 2, 0).flatten()
        assert np.array_equal(pixels, wanted.numpy()), (picture.size, size, channels)
        assert steps == ([] if picture.size == (size, size) else ["centre square", "scaled"])


@pytest.mark.parametrize("paper", [0, 255, 128])
def test_a_sheet_without_ink_is_refused_in_the_same_words(paper):
    sheet = Image.new("L", (280, 280), paper)
    sheet.paste(paper + 8 if paper < 200 else paper - 8, (100, 100, 120, 200))
    with pytest.raises(images.ImageError) as refused:
        images.digit_view(sheet)
    ((refusal, values),) = prepared([(sheet, True, 28, 1)])
    assert refusal == "no_ink"
    assert images.NO_INK.format(**values) == str(refused.value)


def draw_on(page, kind):
    """Draw a seven on a tab's pad; return the addresses asked for meanwhile, and what is on the pad."""
    pad = page.locator(f"#{kind}-pad canvas")
    pad.scroll_into_view_if_needed()
    box = pad.bounding_box()
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    for place, (x, y) in enumerate(STROKE):
        page.mouse.move(box["x"] + box["width"] * x, box["y"] + box["height"] * y, steps=8 if place else 1)
        if not place:
            page.mouse.down()
    page.mouse.up()
    png = page.evaluate(f"document.querySelector('#{kind}-pad canvas').toDataURL().split(',')[1]")
    drawn = Image.open(io.BytesIO(base64.b64decode(png))).convert("L")
    wanted = np.asarray(images.digit_view(drawn).image)
    until(page, lambda: np.abs(shown(page, f"{SEEN[kind]} [data-tile=seen]", 28) - wanted).max() <= 1)
    page.wait_for_timeout(300)  # in which nothing more is asked for
    return asked, drawn


def shown(page, at, side):
    """Read a grey canvas, (side, side)."""
    read = f"canvas => [...canvas.getContext('2d').getImageData(0, 0, {side}, {side}).data]"
    return np.int16(page.locator(f"{at} canvas").evaluate(read)).reshape(side, side, 4)[..., 0]


def refuse_uploads(page):
    """Let no file leave the browser, and tell what tried to."""
    sent = []
    page.on("request", lambda request: sent.append(request.url) if "/upload" in request.url else None)
    return sent


@pytest.mark.browser
def test_q_reads_a_drawing_with_every_stroke_and_nothing_is_asked(opened):
    page = opened("infogan")
    weights = load_weights(SHIPPED / "infogan-mnist")
    asked, drawn = draw_on(page, "infogan")
    assert asked == []
    wanted = images.digit_view(drawn).image
    assert np.abs(shown(page, "#infogan-own [data-tile=seen]", 28) - np.asarray(wanted)).max() <= 1
    reading = weights.model.infer(images.to_tensor(wanted, size=28, channels=1))
    names = weights.config.category_names
    best = names[int(reading.categories[0].argmax())]
    label = page.locator("#infogan-own .gs-root").get_attribute("aria-label")
    assert label == f"Q reads {best}, {reading.categories[0].max():.0%} sure"
    codes = [round(float(mean), 2) for mean in reading.means[0].clamp(-2, 2)]
    stage = page.locator("#infogan-stage .gs-root")

    def said():
        return [float(value) for value in re.findall(r"-?\d+\.\d\d", stage.get_attribute("aria-label"))]

    until(page, lambda: said() == pytest.approx(codes, abs=0.011))
    assert stage.get_attribute("aria-label").startswith(f"Digit {best}, ")
    again = weights.model.generate([42], [[int(reading.categories[0].argmax())]], [codes])
    assert np.abs(shown(page, "#infogan-own [data-tile=again]", 28) - grey(again)).max() <= 4  # codes may round apart
    sliders = page.locator("#infogan-stage >> xpath=ancestor::*[contains(@class, 'gs-bench')]").locator(
        ".gs-code input[type=range]:visible"
    )
    until(page, lambda: [float(slider.input_value()) for slider in sliders.all()] == pytest.approx(codes, abs=0.051))
    assert asked == []


# Let the tab take a picture at once, but say so only when told.
LATE = """() => {
  const well = ganscope.wells["infogan-upload"], { take } = well;
  well.take = async (picture) => {
    await take(picture);
    await new Promise((done) => { window.letGo = done; });
  };
}"""


@pytest.mark.browser
def test_an_uploaded_digit_is_read_on_the_device_and_the_page_says_so(opened):
    page = opened("infogan")
    note = page.locator("#infogan-upload-well p").first
    assert "stay on this device" in note.inner_text()
    sent = refuse_uploads(page)
    upload = page.locator("xpath=//*[@id='infogan-upload']/preceding-sibling::input[@type='file']")
    picture, file = inverse(drawing()), io.BytesIO()
    picture.save(file, "PNG")
    upload.set_input_files({"name": "digit.png", "mimeType": "image/png", "buffer": file.getvalue()})
    page.wait_for_function("document.querySelector('#infogan-own .gs-root').ariaLabel.startsWith('Q reads 7')")
    wanted = np.asarray(images.digit_view(picture).image)
    assert np.abs(shown(page, "#infogan-own [data-tile=seen]", 28) - wanted).max() <= 1
    # A picture that is still being read when the next file is refused does not take the refusal away.
    page.evaluate(LATE)
    upload.set_input_files({"name": "digit.png", "mimeType": "image/png", "buffer": file.getvalue()})
    page.wait_for_function("window.letGo !== undefined")
    upload.set_input_files({"name": "digit.png", "mimeType": "image/png", "buffer": b"no picture at all"})
    refused = page.locator("#infogan-upload-well [role=alert]")
    refused.get_by_text("cannot read the file as a picture").wait_for()
    page.evaluate("letGo()")
    assert refused.is_visible()
    assert sent == []
    page.locator("#infogan-engine button").click()
    page.wait_for_function("document.querySelector('#infogan-engine .gs-root').dataset.engine === 'server'")
    assert "sent to the server" in note.inner_text()
    with page.expect_request(lambda request: "/upload" in request.url):
        upload.set_input_files({"name": "digit.png", "mimeType": "image/png", "buffer": file.getvalue()})
    assert sent != []


@pytest.mark.browser
def test_bigan_answers_every_hand_without_a_request_and_the_server_can_go_on(opened):
    page = opened("bigan")
    until(page, lambda: any(worker.evaluate(ENCODER) for worker in page.workers))  # fetched when all else is done
    weights = load_weights(SHIPPED / "bigan-mnist")
    asked, drawn = draw_on(page, "bigan")
    wanted = images.to_tensor(images.digit_view(drawn).image, size=28, channels=1)
    assert np.abs(shown(page, "#bigan-stage [data-tile=seen]", 28) - grey(wanted)).max() <= 1
    code = weights.model.encode(wanted)
    again = grey(weights.model.decode(code))
    assert np.abs(shown(page, "#bigan-stage [data-tile=again]", 28) - again).max() <= 1
    bars = "[...document.querySelector('#bigan-stage .gs-root').stage.tiles.get('code').values()]"
    assert page.evaluate(bars) == pytest.approx(code[0].tolist(), abs=1 / 255)
    distance = float((wanted - weights.model.decode(code)).norm())
    label = "document.querySelector('#bigan-stage .gs-root').ariaLabel"
    assert f"Distance {distance:.1f}: " in page.evaluate(label)
    page.locator("#bigan-stage .gs-bar").nth(30).click(position={"x": 3, "y": 3})
    page.wait_for_function(f"{label}.includes('1 of 50 numbers changed')")
    page.wait_for_selector("#bigan-reset:enabled")
    page.click("#bigan-reset")
    page.wait_for_function(f"{label}.includes('Distance {distance:.1f}: ')")
    assert np.abs(shown(page, "#bigan-stage [data-tile=again]", 28) - again).max() <= 1
    page.click("#bigan-take")
    page.wait_for_function("document.querySelector('[data-tile=slot-1]').ariaPressed === 'true'")
    assert np.abs(shown(page, "#bigan-slots [data-tile=slot-0]", 28) - grey(wanted)).max() <= 1
    page.get_by_role("button", name="Put example a face into the chosen slot").click()
    page.wait_for_function("document.querySelector('[data-tile=slot-2]').ariaPressed === 'true'")
    strip = page.locator("#bigan-walk .gs-mosaic canvas")
    box = strip.bounding_box()
    strip.click(position={"x": 2, "y": box["height"] / 2})
    page.wait_for_function("document.querySelector('.gs-plain input[type=range]').value === '0'")
    assert np.abs(shown(page, "#bigan-walk [data-tile=walk]", 28) - again).max() <= 1
    page.get_by_role("button", name="Example: a star").click()
    page.wait_for_selector("#bigan-examples [aria-pressed=true][aria-label='Example: a star']")
    assert asked == []
    star = shown(page, "#bigan-stage [data-tile=again]", 28)
    page.locator("#bigan-stage .gs-bar").nth(30).click(position={"x": 3, "y": 3})
    page.wait_for_function(f"{label}.includes('1 of 50 numbers changed')")
    page.locator("#bigan-engine button").click()  # the server takes over, and knows what is on show
    page.wait_for_selector("#bigan-engine [data-engine=server]")
    page.wait_for_timeout(1500)
    page.click("#bigan-reset")
    page.wait_for_selector("#bigan-reset", state="hidden")
    assert np.abs(shown(page, "#bigan-stage [data-tile=again]", 28) - star).max() <= 1
    page.click("#bigan-take")
    page.wait_for_function("document.querySelector('[data-tile=slot-0]').ariaPressed === 'true'")
    seen = shown(page, "#bigan-stage [data-tile=seen]", 28)
    assert np.array_equal(shown(page, "#bigan-slots [data-tile=slot-2]", 28), seen)


URLS = "at => [...document.querySelectorAll(`${at} canvas`)].map((canvas) => canvas.toDataURL())"


def wait_for_change(page, at, before):
    page.wait_for_function(f"([at, before]) => ({URLS})(at).join() !== before.join()", arg=[at, before])


@pytest.mark.browser
def test_lapgan_rolls_and_dreams_without_a_request_as_the_server_does(opened):
    page = opened("lapgan")
    page.wait_for_timeout(1500)
    asked = []
    page.on("request", lambda request: asked.append(request.url))
    stage, label = "#lapgan-stage", "document.querySelector('#lapgan-stage .gs-root').ariaLabel"
    before = page.evaluate(URLS, stage)
    page.get_by_role("button", name="Re-roll 16 px").click()
    wait_for_change(page, stage, before)
    page.wait_for_function("document.querySelector('#lapgan-others .gs-marker').hidden")
    page.get_by_role("button", name="New picture").click()
    seeds = "[...document.querySelectorAll('input[aria-label^=Seed]')].map((node) => node.value)"
    page.wait_for_function(
        f"new Set({seeds}).size === 1 && !document.querySelector('#lapgan-others .gs-marker').hidden"
    )
    page.wait_for_function(f"{label}.includes(`seed ${{{seeds}[0]}} `)")
    page.click("#lapgan-classes [data-tile=class-8]")
    page.wait_for_selector("#lapgan-classes [data-tile=class-8][aria-pressed=true]")
    before = page.evaluate(URLS, "#lapgan-own")
    page.click("#lapgan-examples [data-tile=example-car]")
    wait_for_change(page, "#lapgan-own", before)
    page.get_by_role("radio", name="8 px").check()
    own = "document.querySelector('#lapgan-own .gs-root').ariaLabel"
    page.wait_for_function(f"{own}.includes('what 8 px keep') && {own}.includes('as automobile')")
    picture, file = Image.effect_noise((300, 200), 90).convert("RGB"), io.BytesIO()
    picture.save(file, "PNG")
    before = page.evaluate(URLS, "#lapgan-true")
    upload = {"name": "noise.png", "mimeType": "image/png", "buffer": file.getvalue()}
    page.locator("xpath=//*[@id='lapgan-upload']/preceding-sibling::input[@type='file']").set_input_files(upload)
    wait_for_change(page, "#lapgan-true", before)
    page.wait_for_timeout(500)
    assert asked == []
    mine = page.evaluate(PIXELS)
    page.locator("#lapgan-engine button").click()  # the server goes on from here: the same pictures
    page.wait_for_selector("#lapgan-engine [data-engine=server]")
    page.wait_for_function("document.querySelector('#lapgan-true .gs-root').stage.served > 0")
    page.wait_for_timeout(500)
    page.evaluate(SLOW)  # so that the second key is pressed before the first one's picture is there
    seed = page.get_by_role("spinbutton", name="Seed", exact=True)
    seed.focus()
    seed.press("ArrowUp")
    seed.press("ArrowDown")
    page.wait_for_function("document.querySelector('#lapgan-others .gs-root').stage.served > 0")
    # The sheets follow the picture, one by one: each in its own time is the very one that was drawn here.
    for _ in range(60):
        apart = differing(mine, page.evaluate(PIXELS))
        if not apart:
            break
        page.wait_for_timeout(500)
    assert len(mine) > 30
    assert apart == {}


def differing(mine, theirs):
    """How far two pages' canvases lie apart, those that do: a heat map's steep colours may change by 7 in a step."""
    assert mine.keys() == theirs.keys()
    apart = {at: np.abs(np.int16(mine[at]) - np.int16(theirs[at])).max() for at in mine}
    return {at: off for at, off in apart.items() if off > (8 if " band-" in at else 1)}


SLOW = """() => {
  const { fetch } = window;
  window.fetch = async (...asked) => {
    const answer = await fetch(...asked);
    await new Promise((done) => setTimeout(done, 500));
    return answer;
  };
}"""
# Every picture of the tab, by where it stands.
PIXELS = """() => Object.fromEntries([...document.querySelectorAll("[id^=lapgan] .gs-tile canvas")].map((canvas) => {
  const { data } = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height);
  return [`${canvas.closest(".block").id} ${canvas.closest("[data-tile]").dataset.tile}`, [...data]];
}))"""


def grey(made):
    return ((made[0, 0].clamp(-1, 1) + 1) * 127.5).round().to(torch.int16).numpy()
