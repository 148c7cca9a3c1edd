"""The report card, REPORT.md and weights/report.json: every measured figure beside its paper's and the baselines'.

Both follow from the metrics.json files alone. `--check` measures some of the figures again, on a sample.
"""

import json
from dataclasses import dataclass
from pathlib import Path

import torch

from models import MODELS
from models.checkpoint import Weights, load_weights, read_json, write_durably
from training.bench import recorded_bench
from training.card import card, fill_readme
from training.data import DataError
from training.evaluate import SEED, evaluate
from training.experiments import FOLDER, read_experiments
from training.figures import figure
from training.measured import number, tolerance
from training.run import RunError

SAMPLES = 1_000
TITLE = f"""# Report card

Every figure of the weights that come with Ganscope, on test pictures that no run has seen, beside what the papers have
(-: nothing to compare with) and what a baseline reaches. `python -m training report` writes this file from the
metrics.json of each weights folder; `python -m training report --check` measures a sample of it again, and
`python -m training evaluate --all --markdown` all of it. Samples are drawn from seed {SEED}; the seed named below is
that of the training.
"""


def figures_command(readme: Path = Path("README.md"), weights_dir: Path = Path("weights")) -> None:
    """Write the READMEs' tables of figures, every model card and the report anew, from the metrics.json files.

    Args:
        readme: file with the figure markers; a README.ko.md beside it is filled, too, in the words of ui/web/ko.json.
        weights_dir: folder of the weights folders.
    """
    write_durably(readme, fill_readme(readme.read_text(encoding="utf-8"), weights_dir).encode())
    korean = readme.with_name("README.ko.md")
    if korean.is_file():
        words = read_json(readme.with_name("ui") / "web" / "ko.json")
        write_durably(korean, fill_readme(korean.read_text(encoding="utf-8"), weights_dir, words).encode())
    for path in sorted(weights_dir.glob("*/README.md")):
        loaded = load_weights(path.parent)
        write_durably(path, card(loaded, loaded.metrics).encode())
    report_command(weights_dir, readme.with_name("REPORT.md"))


def report_command(
    weights_dir: Path = Path("weights"),
    to: Path = Path("REPORT.md"),
    check: bool = False,
    data_root: Path | None = None,
    samples: int = SAMPLES,
) -> None:
    """Write REPORT.md and report.json, the page's copy, from the metrics.json of every weights folder.

    Args:
        weights_dir: folder of the weights folders, and of report.json.
        to: the report.
        check: write nothing; say whether both are up to date, and measure InfoGAN's figures again on a sample.
        data_root: folder with an existing copy of the data, for the check; nothing is downloaded.
        samples: test pictures and samples of the check.
    """
    report = build_report(weights_dir)
    files = {to: as_markdown(report), weights_dir / "report.json": as_json(report)}
    if not check:
        for path, text in files.items():
            write_durably(path, text.encode())
            print(path)
        return
    stale = [str(path) for path, text in files.items() if not path.is_file() or path.read_text("utf-8") != text]
    again = []
    for entry in report["weights"]:
        if entry["kind"] == "infogan":
            try:
                again += measure_again(load_weights(weights_dir / entry["name"]), data_root, samples)
            except DataError as error:
                print(f"{entry['name']}: skipped, {error}")
    for one in again:
        print(one)
    if stale:
        raise RunError(f"{' and '.join(stale)} do not follow from metrics.json: run `python -m training report`.")
    if not all(one.holds for one in again):
        raise RunError(f"{sum(not one.holds for one in again)} figures of a sample are not what metrics.json says.")


@dataclass(frozen=True)
class Again:
    """A figure and the same from a sample; `within` is how far apart they may be."""

    weights: str
    key: str
    recorded: float
    found: float
    within: float

    @property
    def holds(self) -> bool:
        return abs(self.found - self.recorded) <= self.within

    def __str__(self) -> str:
        """Write it as a line."""
        verdict = "holds" if self.holds else "DIFFERS"
        return f"{self.weights} {self.key}: {self.recorded:g}, again {self.found:g} +- {self.within:.2g}: {verdict}"


def measure_again(weights: Weights, data_root: Path | None, samples: int = SAMPLES) -> list[Again]:
    """Measure weights on some test pictures and compare what a sample can tell (training/figures.py, `tolerance`).

    Raises:
        DataError: the data are not there.
    """
    torch.set_num_threads(1)
    bench = recorded_bench(weights, data_root, samples, download=False)
    found, compared = evaluate(weights, bench)["figures"], []
    for key, recorded in weights.metrics["figures"].items():
        known = figure(key)
        within = tolerance(known, recorded, min(bench.samples, known.most or bench.samples))
        if within is not None and key in found:
            compared.append(Again(weights.name, key, recorded, found[key], within))
    return compared


def build_report(weights_dir: Path) -> dict:
    """Gather what is measured, in the order of the page's tabs; baselines come after what they stand beside.

    Returns:
        `weights`: for each folder `name`, `kind`, `n`, `seeds` of its training, `date`, `command`, `others` (baselines
        and ablations that share figures with it, by name), whether it is itself a `baseline`, and `rows`; a row has
        `key`, `name`, `definition`, `main`, `n`, and the figures `paper` (or None), `here` and `others` (by name), each
        `text` and `value`. `experiments`: what `training.experiments.read_experiments` gives.

    Raises:
        CheckpointError: a figure without definition, or a damaged file; one sentence.
    """
    found = {path.parent.name: read_json(path) for path in sorted(weights_dir.glob("*/metrics.json"))}
    found = {name: metrics for name, metrics in found.items() if "figures" in metrics}
    beside = {name: compared(name, found) for name in found}
    baselines = {other for others in beside.values() for other in others if other in found}
    entries = []
    for name in in_order(found, beside):
        metrics, others = found[name], beside[name]
        evaluated = metrics["evaluated"]
        entries.append(
            {
                "name": name,
                "kind": kind_of(metrics),
                "n": evaluated["samples"],
                "seeds": sorted({run["request"]["seed"] for run in metrics["training"]}),
                "date": evaluated["date"],
                "command": evaluated["command"],
                "others": list(others),
                "baseline": name in baselines,
                "rows": [row(name, key, metrics, others) for key in metrics["figures"]],
            }
        )
    return {"weights": entries, "experiments": read_experiments(weights_dir)}


def in_order(found: dict[str, dict], beside: dict[str, dict]) -> list[str]:
    """Order weights by their kind as the tabs are, of a kind by how many of their figures a paper has.

    Baselines come after the first of the weights that they stand beside.
    """
    kinds = list(MODELS)

    def place(name: str) -> tuple[int, int, str]:
        in_paper = sum(name in figure(key).paper for key in found[name]["figures"])
        return kinds.index(kind_of(found[name])), -in_paper, name

    baselines = {other for others in beside.values() for other in others}
    heads = sorted(found.keys() - baselines, key=place)
    return list(dict.fromkeys(name for head in heads for name in (head, *beside[head]) if name in found))


def kind_of(metrics: dict) -> str:
    return metrics["training"][0]["request"]["model"]


def compared(name: str, found: dict[str, dict]) -> dict[str, dict[str, float]]:
    """Return the figures that stand beside those of weights: of the plain GANs, of the control, of each ablation.

    Of the ablations those of another model come first: they are baselines, the others are changes that were tried.
    """
    kind, _, data = name.partition("-")
    names = [f"gan-{data}", f"dcgan-{data}"] if kind == "lapgan" else []
    names.append(f"{name}-control")
    others = {other: found[other]["figures"] for other in names if other in found}
    ablations = sorted(found[name].get("ablations", []), key=lambda entry: kind_of(entry) == kind)
    others |= {entry["note"]: entry["figures"] for entry in ablations}
    return {other: figures for other, figures in others.items() if figures.keys() & found[name]["figures"].keys()}


def row(name: str, key: str, metrics: dict, others: dict[str, dict[str, float]]) -> dict:
    known = figure(key)

    def cell(value: float) -> dict:
        return {"text": known.form.format(value), "value": value}

    paper = known.paper.get(name)
    return {
        "key": key,
        "name": known.name,
        "definition": known.definition,
        "main": known.main,
        "n": min(metrics["evaluated"]["samples"], known.most or metrics["evaluated"]["samples"]),
        "paper": None if paper is None else {"text": paper, "value": number(paper)},
        "here": cell(metrics["figures"][key]),
        "others": {other: cell(figures[key]) for other, figures in others.items() if key in figures},
    }


def as_json(report: dict) -> str:
    return json.dumps(report, indent=1, ensure_ascii=False) + "\n"


def as_markdown(report: dict) -> str:
    """Write the report: a table for each weights folder, and what each figure is."""
    parts, definitions = [TITLE], {}
    for entry in report["weights"]:
        seeds = ", ".join(map(str, entry["seeds"]))
        head = ["figure", "paper", "here", *entry["others"], "n"]
        lines = [
            f"\n## {entry['name']}\n",
            f"`{entry['command']}` on {entry['date']}; trained with seed {seeds}.\n",
            f"| {' | '.join(head)} |",
            f"|{'---|' * len(head)}",
        ]
        for one in entry["rows"]:
            others = [one["others"].get(other, {"text": "-"})["text"] for other in entry["others"]]
            paper = one["paper"]["text"] if one["paper"] else "-"
            lines.append(f"| {' | '.join([one['name'], paper, one['here']['text'], *others, format(one['n'], ',')])} |")
            definitions[one["name"]] = one["definition"]
        parts.append("\n".join(lines) + "\n")
    parts += [experiment_as_markdown(one) for one in report["experiments"]]
    parts.append("\n## What each figure is\n\n")
    parts += [f"- **{name}**: {definition}\n" for name, definition in sorted(definitions.items())]
    return "".join(parts)


def experiment_as_markdown(experiment: dict) -> str:
    """Write an experiment: what was done, its table and its pictures."""
    seeds = ", ".join(map(str, experiment["seeds"]))
    lines = [
        f"\n## {experiment['title']}\n",
        f"{experiment['definition']}\n",
        f"`{experiment['command']}` on {experiment['date']}; {experiment['n']:,} pictures, seeds {seeds}.\n",
    ]
    if experiment["rows"]:
        in_paper = any(one["paper"] for one in experiment["rows"])
        head = ["", *(["paper"] if in_paper else []), *experiment["columns"]]
        lines += [f"| {' | '.join(head)} |", f"|{'---|' * len(head)}"]
        for one in experiment["rows"]:
            cells = [cell or "-" for cell in [*([one["paper"]] if in_paper else []), *one["cells"]]]
            lines.append(f"| {' | '.join([one['name'], *cells])} |")
        lines.append("")
    lines += [f"![{one['alt']}](weights/{FOLDER}/{one['file']})\n" for one in experiment["pictures"]]
    return "\n".join(lines)
