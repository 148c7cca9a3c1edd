"""The command `evaluate`: figures of one weights folder, or of all, each as it was measured before."""

import json
import sys
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import torch
import tyro
from torch import Tensor

from models.checkpoint import CheckpointError, load_weights
from training.bench import SAMPLES, load_bench, recorded_bench, usual_classifier
from training.data import DataError, public_name
from training.evaluate import evaluate
from training.report import report_command
from training.run import RunError
from training.ship import measure, note_ablation


def evaluate_command(
    weights: tyro.conf.Positional[Path | None] = None,
    /,
    data: str | None = None,
    data_root: Path | None = None,
    classifier: Path | None = None,
    samples: int = SAMPLES,
    threads: int = 1,
    inception: bool = False,
    inception_weights: Path | None = None,
    write: bool = False,
    beside: Path | None = None,
    note: str = "",
    every: Annotated[bool, tyro.conf.arg(name="all")] = False,
    markdown: bool = False,
    weights_dir: Path = Path("weights"),
) -> None:
    """Measure weights on the test split and print the figures as JSON.

    Args:
        weights: weights folder.
        data: as in train.
        data_root: folder with an existing copy of the data.
        classifier: weights folder of the independent classifier; by default the one beside `weights` for that data.
        samples: test images and samples used.
        threads: CPU threads.
        inception: also FID, by the Inception net that published ones are computed with: hours for 10,000 samples
            without a graphics card. Where its weights cannot be had, that is said and the rest measured.
        inception_weights: safetensors file of that net's weights; fetched from the Hugging Face Hub otherwise.
        write: also write metrics.json, sample.png and the model card into the folder.
        beside: weights folder whose card shall show these figures beside its own, as an ablation.
        note: what was changed in it; the heading there.
        every: measure every weights folder, each by the command in its metrics.json, and write as `--write` does.
        markdown: then write REPORT.md and report.json as `report` does.
        weights_dir: folder of the weights folders, for `--all` and `--markdown`.
    """
    torch.set_num_threads(threads)
    if every:
        if weights or data:
            raise RunError("--all measures every weights folder on its own data; leave out the folder and --data.")
        evaluate_all(weights_dir, data_root)
    else:
        if weights is None or data is None:
            raise RunError("Say which weights folder to measure and on which --data; or --all.")
        loaded = load_weights(weights)
        usual = usual_classifier(weights)
        chosen = classifier or (usual if usual.is_dir() else None)
        judge = load_weights(chosen) if chosen and loaded.kind != "classifier" else None
        size, channels = loaded.config.image_size, loaded.config.channels
        bench = load_bench(data, data_root=data_root, size=size, channels=channels, classifier=judge, samples=samples)
        command = f"python -m training evaluate weights/{weights.name} --data {public_name(data)} --samples {samples}"
        command += f" --classifier weights/{classifier.name}" if classifier else ""
        if inception or inception_weights:
            bench = replace(bench, inception=inception_features(inception_weights))
            command += " --inception" if bench.inception else ""
        result = measure(loaded, bench, command) if write else evaluate(loaded, bench)
        if beside:
            note_ablation(beside, result, loaded, command, note or f"Beside {loaded.name}")
        print(json.dumps(result["figures"], indent=1))
    if markdown:
        report_command(weights_dir)


def evaluate_all(weights_dir: Path, data_root: Path | None) -> None:
    """Measure every weights folder as its metrics.json says that it was done, write what is found, and print it.

    Raises:
        RunError: some were never measured, or their data or classifier do not fit; the rest is measured all the same.
    """
    left_out = []
    for path in sorted(weights_dir.glob("*/config.json")):
        loaded = load_weights(path.parent)
        if "evaluated" not in loaded.metrics:
            left_out.append(f"{loaded.name} (never measured: name it, with --data and --write)")
            continue
        try:
            bench = recorded_bench(loaded, data_root)
        except (DataError, ValueError) as error:
            left_out.append(f"{loaded.name} ({error})")
            continue
        command = loaded.metrics["evaluated"]["command"]
        if "--inception" in command:
            bench = replace(bench, inception=inception_features(None))
        print(json.dumps({loaded.name: measure(loaded, bench, command)["figures"]}, indent=1), flush=True)
    if left_out:
        raise RunError(f"Not measured: {'; '.join(left_out)}.")


def inception_features(path: Path | None) -> Callable[[Tensor], Tensor] | None:
    """Return what computes Inception's features, as `Bench` has it; where that cannot be had, say so and return None.

    path is a safetensors file; None asks the Hub.
    """
    from training.inception import load_inception  # few measurements ask for it

    try:
        return load_inception(path)
    except CheckpointError as error:
        print(f"FID is left out: {error}", file=sys.stderr)
        return None
