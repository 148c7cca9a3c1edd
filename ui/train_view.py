"""What the Train tab shows: its texts, and what is told of a run in words, figures and curves."""

import math
import time
from collections.abc import Sequence
from typing import Any

from training.runs import Run
from ui.train_texts import CHARTS, DATA, MODELS, STATES, TEXT

RECENT = 10  # records from which on something is said about them
TOO_STRONG = 0.97
COLLAPSED = 0.3
DEAF_SHARE, DEAF_STEPS = 0.3, 1500
QUIET_S = 180.0


def run_title(run: Run) -> str:
    """Name a run in a list: its own name tells model and data, its state what to expect of it."""
    return TEXT["run_title"].format(name=run.name, state=STATES["paused" if run.paused else run.state][0].lower())


def recording_title(key: str, told: dict) -> str:
    """Name a recording in a list."""
    request, config = told["request"], told["config"]
    title = TEXT["recording_title"].format(model=MODELS[request["model"]], data=data_name(request["data"]))
    if request["levels"]:
        sizes = (config["image_sizes"][level] for level in request["levels"])
        title += TEXT["recording_level"].format(sizes=", ".join(map(str, sizes)))
    if "informed=false" in request.get("overrides", ()):
        title += TEXT["recording_control"]
    return title + (TEXT["recording_failed"] if key.endswith("-failed") else "")


def data_name(data: str) -> str:
    """Name data as people do: a folder or .zip by its own name."""
    name = data.rpartition("/")[2].removeprefix("folder:").removesuffix(".zip")
    return DATA.get(name, name)


def state(run: Run) -> dict[str, str]:
    """Say in a word what a run does, and how good that is."""
    text, tone = STATES["paused" if run.paused else run.state]
    return {"text": text, "tone": tone}


def facts(run: Run, recent: Sequence[dict]) -> list[list[str]]:
    """List what people want to know of a run beside its curves, as label and value."""
    rates = [record["images_per_second"] for record in recent[-RECENT:] if "images_per_second" in record]
    speed = TEXT["speed_value"].format(rate=sum(rates) / len(rates)) if rates else ""
    found = [
        ("step", _of(f"{run.step:,}", f"{run.steps:,}" if run.steps and not run.minutes else "")),
        ("time", _of(duration(run.seconds), duration(60 * run.minutes) if run.minutes else "")),
        ("left", left(run) if run.state == "running" and run.step else ""),
        ("speed", speed),
        ("device", run.device),
        ("memory", TEXT["memory_value"].format(mb=run.last["memory_mb"]) if "memory_mb" in run.last else ""),
    ]
    return [[TEXT[key], value] for key, value in found if value]


def recorded_facts(told: dict, last: dict) -> list[list[str]]:
    """List what is known of a recorded run."""
    found = [
        ("step", f"{last.get('step', 0):,}"),
        ("time", duration(last.get("seconds", 0))),
        ("seed", str(told["request"]["seed"])),
        ("nets", told["request"]["preset"]),
    ]
    return [[TEXT[key], value] for key, value in found]


def left(run: Run) -> str:
    """Say how long a run will still take, by whichever limit comes first."""
    by = [60 * run.minutes - run.seconds] if run.minutes else []
    by += [(run.steps - run.step) * run.seconds / run.step] if run.steps and run.step else []
    return duration(max(0.0, min(by))) if by else ""


def duration(seconds: float) -> str:
    """Say a time as people do."""
    if seconds < 90:
        return f"{seconds:.0f} s"
    minutes, hours = seconds / 60, seconds / 3600
    return f"{minutes:.0f} min" if minutes < 90 else f"{hours:.1f} h"


def warnings(
    run: Run, recent: Sequence[dict], words: str = "", *, touched: float = 0.0, now: float | None = None
) -> list[dict[str, str]]:
    """Say in plain words what goes wrong, judged by the last fifth of a run.

    Args:
        words: the last line its trainer printed, shown while there is nothing else.
        touched: Unix time of its newest record.
        now: Unix time.
    """
    found = [_warning("poor", key, reason=run.reason or "?") for key in ("diverged", "failed") if run.state == key]
    if run.state == "interrupted":
        found.append(_warning("fair", "interrupted"))
    if run.state == "running" and not run.step:
        found.append(_warning("plain", "preparing", words=words or "…"))
    if run.state == "queued":
        found.append(_warning("plain", "queued"))
    if run.state == "running" and run.step and not run.paused and touched:
        silent = (time.time() if now is None else now) - touched
        if silent > QUIET_S:
            found.append(_warning("fair", "quiet", time=duration(silent)))
    for key, value in _means(recent, "accuracy/").items():
        if value > TOO_STRONG and len(recent) >= RECENT and not key.endswith("/training"):
            found.append(_warning("fair", "strong", where=_where(key), share=value))
    diversity = run.measured.get("diversity")
    if diversity is not None and diversity < COLLAPSED:
        found.append(_warning("poor", "collapsed", share=diversity))
    known = _means(recent, "information/").get("information/categorical")
    if known is not None and run.step >= DEAF_STEPS and known < DEAF_SHARE * math.log(10):
        found.append(_warning("fair", "deaf", nats=known))
    return found


def _warning(tone: str, key: str, **values: Any) -> dict[str, str]:
    lead, text = TEXT["warnings"][key]
    return {"tone": tone, "lead": lead.format(**values), "text": text.format(**values)}


def _means(records: Sequence[dict], prefix: str) -> dict[str, float]:
    keys = {key for record in records for key in record if key.startswith(prefix)}
    return {
        key: sum(values) / len(values)
        for key in sorted(keys)
        for values in [[record[key] for record in records if key in record]]
    }


def _where(key: str) -> str:
    level = key.split("/")[1]
    return TEXT["at_level"].format(level=level.removeprefix("level")) if level.startswith("level") else ""


def charts(config: dict, last: dict, measured: dict) -> list[dict[str, Any]]:
    """Say which charts a run has, and which of its figures each shows.

    Args:
        config: of its model.
        last, measured: its newest metrics and measures.

    Returns:
        For each chart `id`, `title`, `series` (key, label, colour, dashed), and `low` and `high` where they are fixed.
    """
    levels = sorted({int(key.split("/")[1].removeprefix("level")) for key in last if "/level" in key})
    sizes = dict(enumerate(config.get("image_sizes") or []))
    names = [{"level": level, "size": sizes.get(level, "?")} for level in levels]
    found = []
    for chart in CHARTS:
        of_levels = [_of_level(chart, name) for name in names]
        if chart.get("apart"):
            for name, pairs in zip(names, of_levels, strict=True):
                found.append(_chart(chart, [(line, place, 0) for place, line in enumerate(pairs)], name))
        else:
            lines = [(line, place, 0) for place, line in enumerate(chart.get("series", []))]
            lines += [(line, place, dash) for place, pair in enumerate(of_levels) for dash, line in enumerate(pair)]
            found.append(_chart(chart, lines, {}))
    for chart in found:
        chart["series"] = [line for line in chart["series"] if line[0] in last or line[0] in measured]
    return [chart for chart in found if chart["series"]]


def _of_level(chart: dict, name: dict) -> list[tuple[str, str]]:
    return [(key.format(**name), label.format(**name)) for key, label in chart.get("levels", [])]


def _chart(chart: dict, lines: list, name: dict) -> dict[str, Any]:
    look = {key: chart[key] for key in ("low", "high") if key in chart}
    series = [[key, label, colour, dash] for (key, label), colour, dash in lines]
    return {"id": chart["id"].format(**name), "title": chart["title"].format(**name), **look, "series": series}


def marks(config: dict) -> dict[str, list]:
    """Return the lines to mark, by chart: the value and what it is."""
    codes = [size for size in config.get("categorical") or [] if isinstance(size, int) and size > 1]
    found: dict[str, list] = {"accuracy": [0.5, TEXT["coin"]]}
    if codes:
        product = math.prod(codes)
        found["information"] = [round(math.log(product), 4), TEXT["most"].format(count=product, nats=math.log(product))]
    return found


def figures(last: dict, measured: dict) -> list[list]:
    """List a run's last figures as rank, label and text; the rank is a figure's place in a table of many runs.

    Args:
        last, measured: its newest metrics and measures.
    """
    told = {**last, **measured}
    known = [(rank, label, told[key], key) for rank, (key, label) in enumerate(TEXT["figures"].items()) if key in told]
    levels = sorted(key for key in told if key.startswith(("loss/level", "accuracy/level")))
    known += [(len(TEXT["figures"]), key.replace("/", " "), told[key], key) for key in levels]
    return [[rank, label, _cell(key, value)] for rank, label, value, key in known]


def _cell(key: str, value: float) -> str:
    if key == "seconds":
        return duration(value)
    return f"{value:,.0f}" if isinstance(value, int) or value >= 10 else f"{value:.3f}"


def looked(told: dict) -> str:
    """Say what is in uploaded or built-in data."""
    shades = TEXT["colour"] if told["channels"] == 3 else TEXT["grey"]
    text = TEXT["looked"].format(**{**told, "shades": shades})
    classes = ", ".join(f"{name} ({count:,})" for name, count in told["classes"].items())
    if told["class_count"] > 1:
        more = TEXT["more_classes"] if told["class_count"] > len(told["classes"]) else ""
        text += " " + TEXT["looked_classes"].format(count=told["class_count"], classes=classes + more)
    return " ".join([text, *(f"{note[:1].upper()}{note[1:]}." for note in told["notes"])])


def _of(value: str, whole: str) -> str:
    return TEXT["of"].format(value=value, whole=whole) if whole else value
