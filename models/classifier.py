"""A small image classifier, independent of every GAN: it names generated digits and gives features to metrics."""

from dataclasses import dataclass

from torch import Tensor, nn


@dataclass(frozen=True)
class ClassifierConfig:
    """Shape of the classifier.

    Attributes:
        image_size: side in pixels.
        channels: 1 or 3.
        classes: number of classes.
        widths: channels of the three stages, each halving the side.
        features: units of the layer that metrics compare.
        class_names: their names.
    """

    image_size: int = 28
    channels: int = 1
    classes: int = 10
    widths: tuple[int, ...] = (32, 64, 128)
    features: int = 128
    class_names: tuple[str, ...] = ()


class Classifier(nn.Module):
    """Three convolutional stages and one hidden layer; `forward` gives logits (N, classes)."""

    def __init__(self, config: ClassifierConfig, *, adversary: bool = True) -> None:
        super().__init__()
        self.config = config
        layers: list[nn.Module] = []
        channels, side = config.channels, config.image_size
        for width in config.widths:
            layers += [nn.Conv2d(channels, width, 3, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
            layers += [nn.Conv2d(width, width, 3, stride=2, padding=1, bias=False), nn.BatchNorm2d(width), nn.ReLU()]
            channels, side = width, (side + 1) // 2
        self.stages = nn.Sequential(*layers, nn.Dropout(0.3), nn.Flatten())
        self.hidden = nn.Sequential(nn.Linear(channels * side**2, config.features), nn.ReLU())
        self.head = nn.Sequential(nn.Dropout(0.3), nn.Linear(config.features, config.classes))

    def features(self, images: Tensor) -> Tensor:
        """Return (N, features) of images (N, C, s, s) in [-1, 1]."""
        return self.hidden(self.stages(images))

    def forward(self, images: Tensor) -> Tensor:
        return self.head(self.features(images))
