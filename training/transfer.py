"""What E's filters are worth for telling classes apart: BiGAN's transfer experiment in small.

Donahue et al. 2016, section 4.3 and table 2: the first k convolutions are kept as they are, the rest begins anew and is
trained on labels. Beside it a linear probe of each layer (Zhang et al. 2016): only a linear layer is trained, on that
layer's maps averaged to 4 x 4 places. The filters compared have one shape: untrained ones, those of an autoencoder, of
BiGAN, and of a net that was trained on the labels from the start.
"""

from collections.abc import Callable
from pathlib import Path

import torch
import torch.nn.functional as F
import tyro
from torch import Tensor, nn

from models.bigan import BiGAN, BiGANConfig, ConvEncoder
from models.device import has_fast_bfloat16
from training.bench import SAMPLES, Bench, in_batches, load_bench, spread_rows
from training.calibration import calibrate_batch_norm
from training.data import InfiniteSampler, normalise, public_name
from training.experiments import write_experiment
from training.run import RunError
from training.table1 import load_run

BATCH = 128
RATE = 1e-3
SETTLING = 40  # batches
PROBE_PLACES = 4
PROBE_STEPS, PROBE_BATCH = 1_000, 250


class Labelled(nn.Module):
    """An encoder's convolutions, the first `frozen` of them fixed, and a linear layer that names classes."""

    def __init__(self, encoder: ConvEncoder, classes: int, frozen: int) -> None:
        super().__init__()
        self.encoder, self.frozen = encoder, frozen
        self.head = nn.Linear(encoder.last.in_features, classes)

    def train(self, mode: bool = True) -> "Labelled":
        """Fix the statistics of batch norm, too, where the filters are fixed."""
        super().train(mode)
        for block in self.encoder.blocks[: self.frozen]:
            block.eval()
        return self

    def forward(self, images: Tensor) -> Tensor:
        with torch.no_grad():
            maps = self.encoder.maps(images, self.frozen)
        for block in self.encoder.blocks[self.frozen :]:
            maps = block(maps)
        return self.head(maps.flatten(1))

    def trained(self) -> list[nn.Parameter]:
        rest = self.encoder.blocks[self.frozen :]
        return [*rest.parameters(), *self.head.parameters()]


def fresh_encoder(config: BiGANConfig, seed: int) -> ConvEncoder:
    """Return an untrained encoder."""
    torch.manual_seed(seed)
    encoder = BiGAN(config, adversary=False).encoder
    if not isinstance(encoder, ConvEncoder):
        raise RunError("The transfer experiment is about convolutions; give weights whose arch is conv.")
    return encoder


def settled(encoder: ConvEncoder, bench: Bench) -> ConvEncoder:
    """Let batch norm see training pictures, as that of trained filters has: else untrained maps are next to nothing."""
    rows = spread_rows(SETTLING * BATCH, len(bench.train.images)).split(BATCH)
    calibrate_batch_norm(encoder, [(normalise(bench.train.images[part]),) for part in rows], encoder.forward)
    return encoder


def partly_kept(source: ConvEncoder, config: BiGANConfig, frozen: int, seed: int) -> ConvEncoder:
    """Return an encoder with the source's first blocks, the rest untrained."""
    encoder = fresh_encoder(config, seed)
    for kept, block in zip(source.blocks[:frozen], encoder.blocks[:frozen], strict=True):
        block.load_state_dict(kept.state_dict())
    return encoder


def train_on_labels(model: Labelled, bench: Bench, steps: int, seed: int) -> None:
    """Train what is not frozen by cross-entropy on the training split, half of the pictures mirrored."""
    sampler = InfiniteSampler(len(bench.train.images), BATCH, seed)
    optimizer = torch.optim.Adam(model.trained(), RATE)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps)
    generator = torch.Generator().manual_seed(seed)
    model.to(memory_format=torch.channels_last).train()
    for _ in range(steps):
        rows = sampler.next()
        images = normalise(bench.train.images[rows])
        images = torch.where(torch.rand((len(rows), 1, 1, 1), generator=generator) < 0.5, images.flip(3), images)
        with torch.autocast("cpu", torch.bfloat16, enabled=has_fast_bfloat16(torch.device("cpu"))):
            logits = model(images.contiguous(memory_format=torch.channels_last))
        loss = F.cross_entropy(logits.float(), bench.train.labels[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    model.eval()


@torch.no_grad()
def accuracy_of(classify: Callable[[Tensor], Tensor], images: Tensor, labels: Tensor) -> float:
    return float((in_batches(classify, images).argmax(dim=1) == labels).float().mean())


def probe(encoder: ConvEncoder, block: int, bench: Bench, seed: int) -> float:
    """Return the test accuracy of a linear layer on the pooled maps after a block, standardised per feature."""

    def pooled(images: Tensor) -> Tensor:
        return F.adaptive_avg_pool2d(encoder.maps(images, block), PROBE_PLACES).flatten(1)

    encoder.eval()
    seen = torch.cat([in_batches(pooled, normalise(part)) for part in bench.train.images.split(5_000)])
    asked = in_batches(pooled, bench.real())
    deviation, mean = torch.std_mean(seen, dim=0)
    seen, asked = ((part - mean) / deviation.clamp(min=1e-6) for part in (seen, asked))
    torch.manual_seed(seed)
    linear = nn.Linear(seen.shape[1], len(bench.train.class_names))
    sampler = InfiniteSampler(len(seen), PROBE_BATCH, seed)
    optimizer = torch.optim.Adam(linear.parameters(), RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, PROBE_STEPS)
    for _ in range(PROBE_STEPS):
        rows = sampler.next()
        loss = F.cross_entropy(linear(seen[rows]), bench.train.labels[rows])
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()
        schedule.step()
    return accuracy_of(linear, asked, bench.labels())


def measure_filters(encoder: ConvEncoder, config: BiGANConfig, bench: Bench, steps: int, seed: int) -> dict[str, float]:
    """Return the test accuracy with each number of convolutions frozen, and of a probe of each."""
    figures = {}
    for k in range(1, len(encoder.blocks) + 1):
        model = Labelled(partly_kept(encoder, config, k, seed), len(bench.train.class_names), k)
        train_on_labels(model, bench, steps, seed)
        figures[f"frozen{k}"] = accuracy_of(model, bench.real(), bench.labels())
        figures[f"probe{k}"] = probe(encoder, k, bench, seed)
    return {key: round(value, 5) for key, value in figures.items()}


def transfer_command(
    runs: tyro.conf.Positional[Path],
    /,
    data: str,
    data_root: Path | None = None,
    steps: int = 1_000,
    samples: int = SAMPLES,
    seed: int = 0,
    threads: int = 1,
    weights_dir: Path = Path("weights"),
) -> None:
    """Compare filters by what classes can be told with them, for the report: BiGAN's transfer experiment in small.

    Args:
        runs: folder with the run folders bigan and autoencoder (variant=autoencoder-l2), of one shape and equal steps.
        data: as in train.
        data_root: folder with an existing copy of the data.
        steps: steps of each training on labels, of 128 pictures.
        samples: test pictures; fewer for a quick look.
        seed: of what begins anew, and of the batches.
        threads: CPU threads.
        weights_dir: the table goes to its experiments/.
    """
    torch.set_num_threads(threads)
    found = {
        "autoencoder": load_run(runs / "autoencoder", "autoencoder-l2"),
        "bigan": load_run(runs / "bigan", "bigan"),
    }
    if len({step for _, step, _ in found.values()}) > 1:
        said = ", ".join(f"{name} {step:,}" for name, (_, step, _) in found.items())
        raise RunError(f"The runs must have equal steps to be compared, but have: {said}.")
    config = found["bigan"][0].config
    bench = load_bench(
        data, data_root=data_root, size=config.image_size, channels=config.channels, classifier=None, samples=samples
    )
    sources = {"random": settled(fresh_encoder(config, seed + 1), bench)}
    for name, (model, _, _) in found.items():
        if not isinstance(model.encoder, ConvEncoder):
            raise RunError(f"{runs / name} has no convolutions; the transfer experiment is about them.")
        sources[name] = model.encoder
    whole = Labelled(fresh_encoder(config, seed + 2), len(bench.train.class_names), 0)
    train_on_labels(whole, bench, steps, seed)
    sources["supervised"] = whole.encoder
    print("all layers on labels:", accuracy_of(whole, bench.real(), bench.labels()), flush=True)
    figures = {}
    for name, encoder in sources.items():
        figures[name] = measure_filters(encoder, config, bench, steps, seed)
        print(name, figures[name], flush=True)
    figures["supervised"]["frozen0"] = round(accuracy_of(whole, bench.real(), bench.labels()), 5)
    command = (
        f"python -m training transfer runs/{runs.name} --data {public_name(data)} --steps {steps} --samples {samples}"
    )
    print(write_experiment(weights_dir, "transfer", figures, command=command, samples=bench.samples, seeds=[seed]))
