"""Clean picture files opened, by one of five decoders, and turned upright."""

import io

from PIL import Image
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile
from PIL.JpegImagePlugin import JpegImageFile
from PIL.PngImagePlugin import PngImageFile
from PIL.WebPImagePlugin import WebPImageFile

from pictures.clean import Clean, PictureError

# The decoders are called directly, not through Image.open: the list is closed by construction (JPEG is never
# promoted to MPO), and the callers' limits hold whatever other code sets Image.MAX_IMAGE_PIXELS or the warning
# filters to. Both are process-wide, and neither may be changed per call where requests run in threads.
DECODERS: dict[str, type[ImageFile]] = {
    "PNG": PngImageFile,
    "JPEG": JpegImageFile,
    "WebP": WebPImageFile,
    "GIF": GifImageFile,
    "BMP": BmpImageFile,
}
TRANSPOSITIONS = {
    2: Image.Transpose.FLIP_LEFT_RIGHT,
    3: Image.Transpose.ROTATE_180,
    4: Image.Transpose.FLIP_TOP_BOTTOM,
    5: Image.Transpose.TRANSPOSE,
    6: Image.Transpose.ROTATE_270,
    7: Image.Transpose.TRANSVERSE,
    8: Image.Transpose.ROTATE_90,
}


def opened(picture: Clean) -> ImageFile:
    """Read the header; `load()` makes the pixels. The caller has put its limits to `picture.size`.

    Raises PictureError where the decoder finds another size, and whatever Pillow stumbles over.
    """
    image = DECODERS[picture.kind](io.BytesIO(picture.data))
    if image.size != picture.size:
        raise PictureError("it tells two sizes")
    return image


def upright(image: Image.Image, orientation: int) -> Image.Image:
    """Turn a picture by Exif's orientation, 1 to 8; 1 gives back the picture itself."""
    turn = TRANSPOSITIONS.get(orientation)
    return image if turn is None else image.transpose(turn)
