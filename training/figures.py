"""What each measured figure is: its name, one sentence, how it is written, and what its paper has.

The one registry that cards, the README, REPORT.md and the page take their words from. A key may hold places,
`swd_{size}px`; the name and the sentence may use them.
"""

import re
from typing import Any

from models.checkpoint import CheckpointError
from training.measured import FACTORS, Figure

SHARE: dict[str, Any] = {"form": "{:.2%}", "kind": "share"}
CORRELATION: dict[str, Any] = {"kind": "correlation"}
FIGURES = {
    "category_error": Figure(
        "Q's category error on test pictures",
        "Share of test pictures whose most likely category by Q is not the one matched with their class, each "
        "category being matched with one class.",
        paper={"infogan-mnist": "5 %"},
        main=True,
        **SHARE,
    ),
    "category_error_majority": Figure(
        "Category error, by majority",
        "Share of test pictures whose category by Q stands for another class, each category standing for the class "
        "that most of its pictures have, so that two may share one.",
        **SHARE,
    ),
    "mutual_information_nats": Figure(
        "Mutual information of the category code",
        "The paper's lower bound H(c) + E[log Q(c|x)] on generated pictures (2,000 of them for rendered data), in "
        "nats; K categories can carry ln K, which is 2.303 for ten.",
        paper={"infogan-mnist": "2.30"},
        main=True,
    ),
    "digit_agreement": Figure(
        "Generated digits that an independent classifier agrees with",
        "Share of generated digits that a classifier trained apart reads as the class matched with their category.",
        main=True,
        **SHARE,
    ),
    "digits_drawn": Figure(
        "Digits drawn",
        "How many different digits the categories draw, each counted as what the classifier reads most often.",
        "{:.0f}",
    ),
    "classifier_accuracy": Figure(
        "Accuracy of the independent classifier",
        "Share of test pictures that the classifier reads rightly: the most that a figure judged by it can mean.",
        **SHARE,
    ),
    "spearman_slant": Figure(
        "Rank correlation of a code with measured slant, over [-2, 2]",
        "Spearman's rho of a continuous code with the slant of the ink, measured by moments, over generated digits.",
        main=True,
        most=3_000,
        **CORRELATION,
    ),
    "spearman_width": Figure(
        "Rank correlation of the other with stroke width",
        "Spearman's rho of the other continuous code with the mean width of the stroke, over generated digits.",
        main=True,
        most=3_000,
        **CORRELATION,
    ),
    "spearman_slant_within_digit": Figure(
        "Rank correlation with slant, within each digit",
        "Spearman's rho of that code with the slant of the ink for each category apart, averaged, so that "
        "differences between digits do not count.",
        most=3_000,
    ),
    "spearman_width_within_digit": Figure(
        "Rank correlation with stroke width, within each digit",
        "Spearman's rho of that code with the width of the stroke for each category apart, averaged, so that "
        "differences between digits do not count.",
        most=3_000,
    ),
    "pictures_without_ink": Figure(
        "Pictures without ink",
        "Generated pictures too dark to measure slant or width in; they are left out there.",
        "{:.0f}",
        most=3_000,
    ),
    "rho_code{code}_{factor}": Figure(
        "Code {code} with {factor}: rho",
        "Spearman's rho of Q's mean for code {code} with the true {factor}, over test pictures: one entry of the "
        "whole matrix.",
        **CORRELATION,
    ),
    "rho_{factor}": Figure(
        "Absolute rho of the best code with {factor}",
        "Absolute value of Spearman's rho between the true {factor} and Q's mean for the code matched with it, over "
        "test pictures, one code a factor.",
        main=True,
        **CORRELATION,
    ),
    "mutual_information_gap": Figure(
        "Mutual information gap",
        "What the best code tells of a factor less what the second best tells, over the factor's entropy, averaged "
        "over factors (Chen et al. 2018, section 4.1).",
        main=True,
    ),
    "nearest_neighbour_accuracy": Figure(
        "1-NN accuracy on E's features",
        "Share of test pictures whose nearest training picture, by the features before E's last layer, has their "
        "class.",
        paper={"bigan-mnist": "97.39 %"},
        main=True,
        **SHARE,
    ),
    "nearest_neighbour_accuracy_z": Figure(
        "1-NN accuracy on the codes",
        "Share of test pictures whose nearest training picture, by the codes E(x), has their class.",
        **SHARE,
    ),
    "distance_ratio": Figure(
        "Distance x to G(E(x)) over random pairs",
        "Mean distance in pixels from a test picture to its reconstruction, over that to another test picture; 0.62 "
        "is from the notes beside the authors' code.",
        paper={"bigan-mnist": "0.62"},
        main=True,
    ),
    "latent_error": Figure(
        "Error of E(G(z))",
        "Mean absolute difference of a code and what E reads from the picture of it; codes lie in [-1, 1].",
        most=1_000,
    ),
    "sample_diversity": Figure(
        "Diversity of samples",
        "Standard deviation of each pixel across generated pictures, averaged, over that of test pictures; 1 is as "
        "diverse as data.",
        most=1_000,
    ),
    "digit_kept": Figure(
        "G(E(x)) keeps the digit",
        "Share of test digits whose reconstruction a classifier trained apart reads as their class.",
        main=True,
        **SHARE,
    ),
    "class_kept": Figure(
        "G(E(x)) keeps the class",
        "Share of test pictures whose reconstruction a classifier trained apart reads as their class; it reads not all "
        "of the test pictures themselves rightly.",
        main=True,
        **SHARE,
    ),
    "frechet": Figure(
        "Frechet distance on a small classifier's features",
        "Frechet distance between Gaussians fitted to features of samples and of test pictures, by our own "
        "classifier: not to be compared with Inception's FID.",
        "{:.2f}",
        main=True,
    ),
    "frechet_again": Figure(
        "Frechet distance of reconstructions",
        "The Frechet distance of G(E(x)) to the test pictures x, on the same classifier's features.",
        "{:.2f}",
    ),
    "inception_fid": Figure(
        "FID on Inception's features",
        "Frechet distance on the 2,048 features of Inception v3 that published FIDs are computed with, pictures "
        "enlarged to 299 px: not to be compared with the Frechet distance on our own classifier's features.",
        "{:.2f}",
        main=True,
    ),
    "swd_{size}px": Figure(
        "Sliced Wasserstein distance x 1000, {size} px band",
        "Sliced Wasserstein distance of 7 x 7 patches of samples and test pictures, in the {size} px band of the "
        "Laplacian pyramid (Karras et al. 2018).",
        "{:.1f}",
        main=True,
    ),
    "frechet_from_real_{size}px": Figure(
        "Frechet distance from real {size} px pictures on",
        "The Frechet distance where real pictures of {size} px are refined instead of generated ones: what is left "
        "is the fault of the finer levels alone.",
        "{:.2f}",
    ),
    "swd_{band}px_from_real_{size}px": Figure(
        "{band} px band from real {size} px pictures on",
        "The sliced Wasserstein distance in the {band} px band where real pictures of {size} px are refined.",
        "{:.1f}",
    ),
    "precision": Figure(
        "Precision: samples like data",
        "Share of samples within the reach of some test picture, its reach being the distance to its third nearest "
        "other, on the classifier's features (Kynkaanniemi et al. 2019); falls where samples are bad.",
        **SHARE,
    ),
    "recall": Figure(
        "Recall: data like samples",
        "Share of test pictures within the reach of some sample, likewise; falls where samples are all alike.",
        **SHARE,
    ),
    "floor_precision": Figure(
        "Precision of training pictures: the ceiling",
        "Precision of real training pictures against test pictures, above which no sample need go.",
        **SHARE,
    ),
    "floor_recall": Figure(
        "Recall of training pictures: the ceiling",
        "Recall of real training pictures against test pictures, above which no sample need go.",
        **SHARE,
    ),
    "near_copies": Figure(
        "Samples next to a training picture",
        "Share of samples that lie nearer to a training picture, on the classifier's features, than 99 % of test "
        "pictures do: about 1 % where nothing was learnt by heart.",
        **SHARE,
    ),
    "distance_to_training": Figure(
        "Distance to the nearest training picture, over that of test pictures",
        "Mean distance of samples to their nearest training picture on the classifier's features, over the same of "
        "test pictures; far below 1 are copies.",
    ),
    "parzen_log_likelihood": Figure(
        "Parzen log-likelihood, nats a picture",
        "Mean log-likelihood of 100 test pictures under Gaussian windows round samples, sigma from 50 others; LAPGAN's "
        "level by level as in its paper (section 4.1). Pixels lie in [-1, 1]. The paper's own figures "
        "(table 1) hang on its sigma, samples and unit of a pixel: they are to be compared with each other only.",
        "{:.0f}",
        paper={"lapgan-cifar10": "-1799, not comparable", "gan-cifar10": "-3617, not comparable"},
        main=True,
        most=100,
    ),
    "parzen_standard_error": Figure(
        "Standard error of the Parzen log-likelihood",
        "Standard deviation of the log-likelihood over those test pictures, over the root of their number.",
        "{:.0f}",
        most=100,
    ),
    "label_agreement": Figure(
        "Samples read as the class they were asked for",
        "Share of samples that the independent classifier reads as the class that was given to the generators.",
        **SHARE,
    ),
    "spread_over_z_{size}px": Figure(
        "Spread over noise at {size} px",
        "Standard deviation of a pixel over 16 draws of the noise of the {size} px level, on 64 coarse pictures: 0 "
        "would be a level that ignores its noise.",
        most=64,
    ),
    "residual_std_{size}px": Figure(
        "Size of the generated detail at {size} px",
        "Standard deviation of what the generator adds at {size} px.",
    ),
    "residual_std_data_{size}px": Figure(
        "Size of the true detail at {size} px",
        "Standard deviation of the {size} px band of test pictures, which what the generator adds should have, too.",
    ),
    "accuracy": Figure(
        "Accuracy on test pictures",
        "Share of test pictures that the classifier reads rightly.",
        main=True,
        **SHARE,
    ),
    "floor_frechet": Figure(
        "Frechet distance of training pictures: the floor",
        "The Frechet distance of real training pictures to test pictures, below which no sample need go.",
        "{:.2f}",
    ),
    "floor_inception_fid": Figure(
        "FID of training pictures: the floor",
        "FID of real training pictures against test pictures, on Inception's features, below which no sample need go.",
        "{:.2f}",
    ),
    "floor_swd_{size}px": Figure(
        "{size} px band of training pictures: the floor",
        "The sliced Wasserstein distance of training pictures to test pictures in the {size} px band.",
        "{:.1f}",
    ),
}


def figure(key: str) -> Figure:
    """Return what a key of metrics.json stands for, its places filled.

    Raises:
        CheckpointError: the registry does not know it; one sentence.
    """
    for template, found in FIGURES.items():
        filled = re.fullmatch(re.sub(r"\\{(\w+)\\}", _place, re.escape(template)), key)
        if filled:
            words = {name: _word(value) for name, value in filled.groupdict().items()}
            name, definition = found.name.format(**words), found.definition.format(**words)
            kept = {name: getattr(found, name) for name in ("form", "paper", "main", "most", "kind")}
            return Figure(name, definition, **kept)
    raise CheckpointError(f"The figure {key!r} has no definition; add one to training/figures.py.")


def _place(match: re.Match) -> str:
    return f"(?P<{match[1]}>{'[a-z_]+' if match[1] == 'factor' else '[0-9]+'})"


def _word(value: str) -> str:
    return FACTORS.get(value, value.replace("_", " "))
