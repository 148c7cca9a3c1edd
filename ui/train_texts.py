"""Every text of the Train tab."""

from typing import Any

MODELS = {"lapgan": "LAPGAN", "infogan": "InfoGAN", "bigan": "BiGAN", "gan": "Plain GAN", "classifier": "Classifier"}

# Data as people call it; other names are shown as they are.
DATA = {
    "mnist": "MNIST",
    "fashion-mnist": "Fashion-MNIST",
    "cifar10": "CIFAR-10",
    "chairs": "chairs (rendered)",
    "faces": "faces (rendered)",
}

# What a run does in a word, and the tone of its dot.
STATES = {
    "queued": ("Waiting", "plain"),
    "running": ("Training", "good"),
    "paused": ("Paused", "fair"),
    "done": ("Finished", "good"),
    "cancelled": ("Stopped", "plain"),
    "failed": ("Failed", "poor"),
    "diverged": ("Diverged", "poor"),
    "interrupted": ("Interrupted", "fair"),
}

TEXT: dict[str, Any] = {
    "id": "train",
    "tab": "Train",
    "title": "Watch one learn",
    "intro": (
        "Every picture in the other tabs comes from nets that began with grey noise. Here the same few pictures, from "
        "the same dice, are drawn again and again while a model learns. "
        "**Drag the film from the first step to the last, and see in the curves what happened at that moment.**"
    ),
    "new_hint": "It trains in the background, is on show here as it learns, and plays in the other tabs when you like.",
    "paper": "Goodfellow et al. 2014, Generative Adversarial Networks",
    "paper_url": "https://arxiv.org/abs/1406.2661",
    "off": "Training is switched off here: run Ganscope on your own machine, or set GANSCOPE_TRAINING=on.",
    "off_hint": (
        "Here you watch recorded trainings. To train on your own pictures, run Ganscope on your machine: "
        "`python app.py`."
    ),
    "nothing": "There is no recorded training beside these weights, and no run yet.",
    "bad_token": "This is not the password for training; ask whoever runs this page for it.",
    "token": "Password for training",
    # The card to start from
    "new": "Train your own",
    "model": "Model",
    "data": "Pictures",
    "built_in": {
        "chairs": "chairs (rendered)",
        "faces": "faces (rendered)",
        "mnist": "MNIST digits",
        "fashion-mnist": "Fashion-MNIST",
        "cifar10": "CIFAR-10",
    },
    "upload": "Your pictures, as a .zip",
    "upload_hint": "Folders inside become classes.",
    "upload_big": "This file is larger than the {mb} MB allowed here; send fewer or smaller pictures.",
    "upload_zip": "This is no .zip file; put your pictures into one and send that.",
    "disk_full": "The disk here is nearly full; remove old runs first.",
    "uploading": "Sending {name}",
    "upload_lost": "The connection broke; send the file again.",
    "look": "Show pictures",
    "looking": "Looking through the pictures …",
    "look_failed": "These pictures cannot be used.",
    "look_slow": "Looking through these pictures takes too long; send fewer, or smaller ones.",
    "looked": "{pictures:,} pictures of {width} × {height} pixels, {shades}, {mb} MB.",
    "looked_classes": "{count} classes: {classes}.",
    "more_classes": ", …",
    "sheet_alt": "What a network will see",
    "grey": "grey",
    "colour": "in colour",
    "time_limit": "How long",
    "presets": {"minute": "1 minute", "short": "10 minutes", "full": "1 hour"},
    "start": "Start",
    "advanced": "More settings",
    "nets": "Nets",
    "nets_choices": {"modern": "modern, small and quick", "paper": "as published"},
    "size": "Side in pixels",
    "size_auto": "fitting",
    "channels": "Colours",
    "channels_choices": {"0": "as they are", "1": "grey", "3": "colour"},
    "train_seed": "Seed",
    "lr": "Learning rate",
    "lr_generator": "Learning rate of G",
    "lr_discriminator": "Learning rate of D and Q",
    "rate_info": "0: the preset's own",
    "info_weight": "λ of the category",
    "info_info": "0: neither G nor Q learns it",
    "continuous_weight": "λ of the continuous codes",
    "reconstruction_weight": "Weight of the pixels",
    "reconstruction_info": "0: as in the paper",
    "loss": "Loss",
    "loss_choices": {"log": "log (paper)", "article": "least squares (source article)"},
    "levels": "Levels to train",
    "levels_info": "None chosen: all. 0 is the finest.",
    "others": "Other settings",
    "others_info": "KEY=VALUE, separated by spaces, as `python -m training train --set` takes them",
    "bad_other": "{word!r} is not a setting; write KEY=VALUE, for instance ema=0.99.",
    "bad_number": "{label} is {value}; it must be a number that is not negative.",
    "started": "{name} is in the queue.",
    # What is watched
    "watch": "Now showing",
    "pause": "Pause",
    "go_on": "Go on",
    "stop": "Stop",
    "resume": "Resume",
    "control": "Control run, λ = 0",
    "remove": "Remove",
    "sure": "Really remove",
    "use": "Use this checkpoint",
    "download": "Download",
    "not_a_run": "A recording cannot be changed; choose a run of yours.",
    "no_tab": "A {model} has no tab of its own to be used in; download it.",
    "controlled": (
        "{name} is in the queue: the same run with λ = 0 for G. Q only looks on, as in figure 1 of the paper; both are "
        "compared below."
    ),
    "used": "{name} is on show in the {tab} tab.",
    "recorded": "Recorded",
    "recording_title": "Recorded: {model} on {data}",
    "recording_level": ", level of {sizes} px",
    "recording_failed": ", the run that failed",
    "recording_control": ", the control (λ = 0)",
    "run_title": "{name} ({state})",
    # The film
    "film": {
        "play": "Play",
        "stop": "Pause",
        "scrub": "Step of the training",
        "at": "Step {step}",
        "of": "{place} of {count}",
        "alt": "What the model draws at step {step}",
        "empty": "The first pictures come with the first checkpoint.",
    },
    # The curves
    "curves": {
        "log": "Logarithmic",
        "alt": "{title}: {values}",
        "empty": "Curves come with the first steps.",
        "step": "step {step}",
    },
    "coin": "a coin: 50 %",
    "most": "all there is: ln {count} = {nats:.3f}",
    # Facts
    "step": "Step",
    "time": "Trained",
    "left": "Left",
    "speed": "Speed",
    "speed_value": "{rate:,.0f} images/s",
    "device": "Device",
    "memory": "Memory",
    "memory_value": "{mb:,.0f} MB",
    "seed": "Seed",
    "of": "{value} of {whole}",
    "at_level": " at level {level}",
    "warnings": {
        "diverged": ("It diverged.", "{reason}. The last good checkpoint is kept: resume with a lower learning rate."),
        "failed": ("It failed.", "{reason}"),
        "interrupted": ("It was interrupted.", "Resume goes on from its last checkpoint."),
        "preparing": ("Preparing.", "{words}"),
        "queued": ("Waiting.", "It starts when no other run is at work on this device."),
        "quiet": ("No progress.", "Nothing was heard of it for {time}."),
        "strong": (
            "D is too strong{where}.",
            "It is right {share:.0%} of the time, so the generator hardly learns from it: lower D's learning rate, or "
            "give it more pictures.",
        ),
        "collapsed": (
            "The samples look alike.",
            "They differ by {share:.0%} of what real pictures do: the generator has found one trick that fools D. "
            "A new seed or a lower learning rate may help.",
        ),
        "deaf": (
            "The codes say nothing yet.",
            "Q reads {nats:.2f} nats of the category from a picture: the generator ignores it so far.",
        ),
    },
    # Comparison
    "compare": "Compare",
    "compare_hint": "Up to four runs in the same charts, and their last figures.",
    "compare_label": "Runs",
    "figures": {
        "step": "Steps",
        "seconds": "Time",
        "loss/discriminator": "Loss of D",
        "loss/generator": "Loss of G",
        "loss/reconstruction": "Pixel error",
        "accuracy/discriminator": "D is right",
        "information/categorical": "Information, category (nats)",
        "information/continuous": "Information, continuous (nats)",
        "diversity": "Diversity, data = 1",
        "nearest_neighbour": "1-NN accuracy",
        "images_per_second": "Images a second",
    },
    # Publication
    "publish": "Publish to the Hugging Face Hub",
    "publish_hint": (
        "Measures the checkpoint, writes its model card, and uploads both with this machine's own Hub login."
    ),
    "repo": "Repository, OWNER/NAME",
    "publish_button": "Publish",
    "publishing": "Measuring and uploading; this takes a few minutes …",
    "published": "Published: {address}",
    "bad_repo": "{repo!r} is no repository; write OWNER/NAME.",
    "no_login": (
        "This machine is not logged in to the Hugging Face Hub: run hf auth login on it, or start Ganscope with "
        "HF_TOKEN set, and publish then."
    ),
    "publish_failed": "It could not be published.",
}

# Charts in their order. "series" are figures of the whole run, "levels" those of each level of a pyramid, which with
# "apart" get a chart for every level. {level} is its index, {size} its side.
CHARTS: list[dict[str, Any]] = [
    {
        "id": "information",
        "title": "What Q reads from the category",
        "series": [("information/categorical", "nats")],
        "low": 0,
    },
    {"id": "continuous", "title": "… and from the continuous codes", "series": [("information/continuous", "nats")]},
    {"id": "neighbour", "title": "1-NN accuracy of E's features", "series": [("nearest_neighbour", "accuracy")]},
    {
        "id": "loss",
        "title": "Losses",
        "series": [
            ("loss/discriminator", "D"),
            ("loss/generator", "G"),
            ("loss/reconstruction", "pixels"),
            ("loss/classifier", "loss"),
        ],
    },
    {
        "id": "accuracy",
        "title": "How often D is right",
        "series": [("accuracy/discriminator", "D"), ("accuracy/training", "accuracy")],
        "levels": [("accuracy/level{level}/discriminator", "{size} px")],
        "low": 0,
        "high": 1,
    },
    {
        "id": "band",
        "title": "Strength of the detail",
        "levels": [("band/level{level}/generated", "{size} px"), ("band/level{level}/real", "real")],
    },
    {
        "id": "loss-{level}",
        "title": "Losses at {size} px",
        "levels": [("loss/level{level}/discriminator", "D"), ("loss/level{level}/generator", "G")],
        "apart": True,
    },
    {
        "id": "diversity",
        "title": "How different the samples are, data = 1",
        "series": [("diversity", "diversity")],
        "low": 0,
    },
]
