"""Model cards, and the table of figures in the README, written from metrics.json alone."""

import re
import shlex
from dataclasses import asdict
from pathlib import Path

from models.checkpoint import CheckpointError, Weights, read_json
from training.figures import figure

PAPERS = {
    "lapgan": "Denton et al. 2015, *Deep Generative Image Models using a Laplacian Pyramid of Adversarial Networks*, "
    "[arXiv:1506.05751](https://arxiv.org/abs/1506.05751)",
    "infogan": "Chen et al. 2016, *InfoGAN: Interpretable Representation Learning by Information Maximizing GANs*, "
    "[arXiv:1606.03657](https://arxiv.org/abs/1606.03657)",
    "bigan": "Donahue et al. 2016, *Adversarial Feature Learning*, "
    "[arXiv:1605.09782](https://arxiv.org/abs/1605.09782)",
    "gan": "Goodfellow et al. 2014, *Generative Adversarial Nets*, [arXiv:1406.2661](https://arxiv.org/abs/1406.2661)",
    "dcgan-cifar10": "Radford et al. 2015, *Unsupervised Representation Learning with Deep Convolutional Generative "
    "Adversarial Networks*, [arXiv:1511.06434](https://arxiv.org/abs/1511.06434)",
    "classifier": "none: a small convolutional classifier, used for measuring only",
}
EXTENSIONS = {
    "lapgan": "Beyond the paper: residual nets with noise in every block, R1, Adam, and averaged weights. The loss is "
    "the paper's log loss. `--preset paper` trains the published nets. Levels are trained on real coarse images and "
    "sampled on generated ones; `coarse_noise`, an option, is to prepare them for that by noise on the real ones.",
    "infogan": "Beyond the paper: compact nets, averaged weights, and a label-free consistency term (Q should read the "
    "same category from a real image and a slightly moved copy, and use all categories evenly), ramped in after the "
    "codes have formed. With `steering_weight`, Q's continuous codes also have to follow a known change between the "
    "two copies (slant and stroke width; of heads, turn, lift, light and width; of chairs, turn, width and height): "
    "that fixes which properties they stand for, without any label. With `copying_weight`, G, given the codes that "
    "such a copy of its own picture should have, has to draw that copy, so that a property runs the same way in every "
    "category. With `spread_weight`, the codes that Q reads in real images have to lie as evenly as those that G is "
    "given. No label enters training; the test labels name the categories. `--preset paper` trains the published "
    "objective.",
    "infogan-mnist-control": "The paper's control (figure 1), which shows what the information term does: G is told "
    "nothing of its codes, so it is a plain GAN's, and Q, trained beside D, tries to read them all the same. Compact "
    "nets and averaged weights as in infogan-mnist, without its other additions. No label enters training.",
    "bigan": "Beyond the paper: gains and biases in batch norm, averaged weights, a reconstruction term on G(E(x)) and "
    "a contrast term (E's features know a slightly moved copy of an image among the others of the batch, without any "
    "label) beside the adversary. With `recognition_weight`, E's features have to know the reconstruction, too, among "
    "those of the other images. `--preset paper` trains the published objective, which has none of them.",
    "bigan-cifar10": "The paper's ImageNet nets in small: convolutions, E shaped as D is, 128 numbers a code. Beyond "
    "the paper: averaged weights, and a reconstruction term on G(E(x)) beside the adversary. No label enters training.",
    "gan": "The baseline that LAPGAN is measured against.",
    "dcgan-cifar10": "The second baseline that LAPGAN is measured against: convolutions, trained for as long. Beyond "
    "the paper: averaged weights.",
    "classifier": "It names generated pictures and gives features to the Frechet distance. No GAN was trained with it.",
}
# What is true of certain weights alone.
NOTES = {
    "lapgan-cifar10": " No level has such noise: at equal steps each came nearer the data without it (below). Steps, "
    "batch sizes and that noise were settled by sliced Wasserstein and Frechet distances to training pictures, at the "
    "finest level to test pictures, which were seen on the way elsewhere, too.",
    "lapgan-scenes64": " There are only 500 pictures of a class, so at its three coarsest levels D sees them, and the "
    "generated ones, through differentiable augmentation (Zhao et al. 2020). Without noise on their coarse images the "
    "bands of the two finest levels came nearer the test pictures, with it the Frechet distance was smaller (below; at "
    "32 pixels R1's weight differs, too): the bands decided. A DCGAN of half its usual width, trained for as long, is "
    "nearer the test pictures in the two coarsest bands, and farther in the others; with half the augmentation at 4 "
    "pixels those two bands come nearer, too, and the Frechet distance grows (below).",
    "infogan-chairs": " Kinds that look alike share categories, which take some of the rotation, and some change into "
    "another as they turn. The changes of copies were fitted to rendered pairs. Settings were chosen by how the codes "
    "followed rotation and width on labelled training images, by seed 0; seeds 1 and 2 were stopped early: the one "
    "drew a single chair, the other was at 0.87.",
    "infogan-mnist": " Of three seeds the one with the best label-free score after 2,400 steps was trained on; all "
    "three had been measured on test digits by then.",
    "bigan-cifar10": " Colours, layout and outlines come back; what a thing is often does not. An autoencoder of these "
    "nets comes nearer in pixels, with worse features and samples; without the reconstruction term the features are "
    "as good, and fewer pictures keep their class (below).",
    "bigan-mnist": " The weights of both terms were settled by 1-NN accuracy among labelled training images, after "
    "earlier settings had been measured on test digits; how the copies are changed was chosen by the 1-NN accuracy on "
    "test digits of encoders trained by the contrast term alone. Of two runs, without and with `recognition_weight`, "
    "the one is shipped whose reconstructions keep more test digits.",
}
ROUNDED = "Measured with weights rounded to 8 bits a channel, as they are shipped (`python -m training round`).\n\n"
PUBLISHED = "Preset `paper`: the published nets and objective; the command below names every setting that differs."
NAMES = {
    "lapgan": "A LAPGAN",
    "infogan": "An InfoGAN",
    "bigan": "A BiGAN",
    "gan": "A plain GAN",
    "classifier": "A classifier",
}
LIMITS = {
    "lapgan": "Small pictures; shapes are suggestive, not exact. The class is a hint, followed best where coarse.",
    "infogan": "Pictures like its training data only; Q gives an answer for any other picture, too.",
    "bigan": "Pictures like its training data only, centred digits for MNIST. G(E(x)) is a plausible image with the "
    "code of x, not a copy.",
    "gan": "A baseline, not meant to look good.",
    "classifier": "Only for pictures like its training data.",
}
# What the README shows; names and the papers' values come from training/figures.py.
SHOWN = (
    ("infogan-mnist", "category_error"),
    ("infogan-mnist", "mutual_information_nats"),
    ("infogan-mnist", "digit_agreement"),
    ("infogan-mnist", "spearman_slant"),
    ("infogan-mnist", "spearman_width"),
    ("bigan-mnist", "nearest_neighbour_accuracy"),
    ("bigan-mnist", "distance_ratio"),
    ("bigan-mnist", "digit_kept"),
    ("lapgan-cifar10", "frechet"),
    ("gan-cifar10", "frechet"),
    ("dcgan-cifar10", "frechet"),
    ("lapgan-cifar10", "swd_32px"),
    ("gan-cifar10", "swd_32px"),
    ("dcgan-cifar10", "swd_32px"),
    ("lapgan-cifar10", "parzen_log_likelihood"),
    ("gan-cifar10", "parzen_log_likelihood"),
)
BEGIN, END = "<!-- figures:begin -->", "<!-- figures:end -->"


def train_command(request: dict) -> str:
    """Spell a run's request as the command that repeats it."""
    words = ["python -m training train", request["model"], "--data", shlex.quote(request["data"])]
    words += ["--preset", request["preset"]]
    for option in ("only_class", "image_size", "channels"):
        if request[option] is not None:
            words += [f"--{option.replace('_', '-')}", shlex.quote(str(request[option]))]
    for option, values in (("--levels", request["levels"]), ("--set", request["overrides"])):
        if values:
            words += [option, *(shlex.quote(str(value)) for value in values)]
    return " ".join([*words, "--seed", str(request["seed"])])


def card(weights: Weights, metrics: dict) -> str:
    """Write a model card in the Hub's format."""
    kind, evaluated = weights.kind, metrics["evaluated"]
    rows = "\n".join(f"| {key} | {value:g} |" for key, value in metrics["figures"].items())
    runs = "\n".join(
        f"    {train_command(run['request'])} --steps {run['step']}   # {run['cpu_minutes']} CPU minutes"
        for run in metrics["training"]
    )
    shape = "\n".join(f"    {key} = {value}" for key, value in asdict(weights.config).items())
    parameters = sum(p.numel() for p in weights.model.parameters())
    published = any(run["request"]["preset"] == "paper" for run in metrics["training"])
    rounded = ROUNDED if metrics.get("eight_bit") else ""
    sample = "![Samples](sample.png)\n\n" if kind != "classifier" else ""
    return f"""---
license: apache-2.0
library_name: ganscope
tags: [gan, {kind}]
---
# {weights.name}

{sample}{NAMES[kind]} of Ganscope, {parameters:,} parameters. Paper: {PAPERS.get(weights.name, PAPERS[kind])}.

{PUBLISHED if published else EXTENSIONS.get(weights.name, EXTENSIONS[kind])}{NOTES.get(weights.name, "")}

## Data and training

{evaluated["data"]}

{runs}

{shape}

## Figures

{rounded}From `{evaluated["command"]}` on {evaluated["date"]}, {evaluated["samples"]:,} test images and as many samples.

| figure | value |
|---|---|
{rows}
{"".join(ablation(metrics["figures"], entry) for entry in metrics.get("ablations", []))}
## Limits

{LIMITS[kind]}
"""


def ablation(figures: dict[str, float], entry: dict) -> str:
    """Tabulate what one change of the training does, beside these weights' own figures."""
    shared = [key for key in entry["figures"] if key in figures]
    rows = "\n".join(f"| {key} | {figures[key]:g} | {entry['figures'][key]:g} |" for key in shared)
    runs = "\n".join(
        f"    {train_command(run['request'])} --steps {run['step']}   # {run['cpu_minutes']} CPU minutes"
        for run in entry["training"]
    )
    return f"""
## {entry["note"]}

{runs}

From `{entry["command"]}`.

| figure | these weights | the others |
|---|---|---|
{rows}
"""


def figures_table(root: Path, words: dict[str, str] | None = None) -> str:
    """Return the README's table from the metrics.json of every weights folder, in the `words` of another language."""
    say = (words or {}).get
    heads = [say(head.capitalize(), head) for head in ("weights", "figure", "paper", "here")]
    lines = [f"| {' | '.join(heads)} |", "|---|---|---|---|"]
    for name, key in SHOWN:
        path = root / name / "metrics.json"
        if path.exists():
            figures = read_json(path).get("figures", {})
            if key not in figures:
                raise CheckpointError(f"{name} has no figure {key}: run `evaluate --write` on it with a classifier.")
            known = figure(key)
            here, paper = known.form.format(figures[key]), known.paper.get(name, "-")
            paper = say(paper, paper)
            size = re.search(r"\d+(?= px)", known.name)
            said = say(known.name.replace(size[0], "{size}"), known.name) if size else say(known.name, known.name)
            lines.append(f"| {name} | {said.replace('{size}', size[0]) if size else said} | {paper} | {here} |")
    return "\n".join(lines)


def fill_readme(text: str, root: Path, words: dict[str, str] | None = None) -> str:
    """Replace what stands between the README's figure markers; `words` maps the table's texts to another language.

    Raises:
        ValueError: the markers are not there once each, in order.
    """
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end or text.count(BEGIN) + text.count(END) != 2:
        raise ValueError(f"The README must hold {BEGIN} and then {END}, once each.")
    return f"{before}{BEGIN}\n{figures_table(root, words)}\n{END}{after}"
