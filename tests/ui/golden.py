"""Golden pictures: what a widget looked like when somebody looked at it and was content.

The fonts are bundled, so the same program paints the same pixels; the tolerance is for another processor's last
bit, not for another picture. `LAB_ACCEPT_GOLDEN=1` keeps the pictures of today: look at them before they are kept.
"""

import os
import tempfile
from pathlib import Path

import numpy as np
import numpy.typing as npt
from PySide6.QtGui import QImage

GOLDENS = Path(__file__).parent / "goldens"
MEAN_MAX = 0.15
"""Levels of 255 by which a picture may be off on the whole."""
FAR = 24
FAR_SHARE_MAX = 0.0002
"""Share of the pixels that may be off by more than `FAR` levels: a letter of a small label is more."""

Pixels = npt.NDArray[np.int16]


def check_golden(name: str, image: QImage) -> None:
    """Compare `image` with `goldens/NAME.png`; a failure names the folder with the picture and the difference."""
    path = GOLDENS / f"{name}.png"
    if os.environ.get("LAB_ACCEPT_GOLDEN") == "1":
        GOLDENS.mkdir(exist_ok=True)
        assert image.convertToFormat(QImage.Format.Format_RGB888).save(str(path), quality=0)  # as small as a PNG can be
        return
    if not path.is_file():
        raise AssertionError(f"there is no golden {name}; the picture of today is in {kept(name, image)}")
    wanted, found = pixels_of(QImage(str(path))), pixels_of(image)
    if wanted.shape != found.shape:
        sizes = f"{found.shape[1]}x{found.shape[0]} instead of {wanted.shape[1]}x{wanted.shape[0]}"
        raise AssertionError(f"{name} is {sizes}; the picture is in {kept(name, image)}")
    off = np.abs(found - wanted)
    mean, far = float(off.mean()), float((off.max(axis=2) > FAR).mean())
    if mean > MEAN_MAX or far > FAR_SHARE_MAX:
        raise AssertionError(
            f"{name} looks different: off by {mean:.3f} levels in the mean (at most {MEAN_MAX}), "
            f"{far:.3%} of it by more than {FAR} (at most {FAR_SHARE_MAX:.3%}); "
            f"the picture and the difference are in {kept(name, image, off)}"
        )


def pixels_of(image: QImage) -> Pixels:
    """Rows, columns, red green blue."""
    plain = image.convertToFormat(QImage.Format.Format_RGB888)
    rows = np.frombuffer(plain.constBits(), np.uint8).reshape(plain.height(), plain.bytesPerLine())
    return rows[:, : plain.width() * 3].reshape(plain.height(), plain.width(), 3).astype(np.int16)


def kept(name: str, image: QImage, off: Pixels | None = None) -> Path:
    """A new folder with the picture, and the difference made bright."""
    folder = Path(tempfile.mkdtemp(prefix="lab-golden-"))
    image.save(str(folder / f"{name}.actual.png"))
    if off is not None:
        bright = np.ascontiguousarray(np.clip(off * 4, 0, 255).astype(np.uint8))
        height, width, _ = bright.shape
        QImage(bright.data, width, height, 3 * width, QImage.Format.Format_RGB888).save(
            str(folder / f"{name}.diff.png")
        )
    return folder
