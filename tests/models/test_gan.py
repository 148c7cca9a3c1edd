"""The plain GAN's shapes."""

import pytest

from models.gan import GANConfig


@pytest.mark.parametrize(("size", "doublings"), [(8, 1), (32, 3), (64, 4), (14, 1), (28, 2), (56, 3)])
def test_a_dcgan_doubles_from_four_or_seven_pixels(size, doublings):
    assert GANConfig(size, arch="dcgan").doublings == doublings


@pytest.mark.parametrize("size", [0, 4, 7, 12, 30, 33])
def test_sides_that_no_dcgan_reaches_are_refused(size):
    with pytest.raises(ValueError, match=f"must be 4 or 7 times a power of two, got {size}"):
        GANConfig(size, arch="dcgan")
    GANConfig(size, arch="fc")
