"""The one readable style of the course, for every figure."""

from collections.abc import Iterator
from typing import Any

import matplotlib.pyplot as plt

# eight colours that stay apart for colour-blind readers, in print too (M. Okabe and K. Ito, 2008; yellow made darker)
COLOURS = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00", "#000000", "#8C6D00")
# and eight line styles, so that no line is told by colour alone
LINES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)), (0, (8, 2)))
CURVES = plt.cycler(color=COLOURS) + plt.cycler(linestyle=LINES)


def use_style() -> None:
    """Set matplotlib's defaults for the course. The background is opaque, so the text is readable on a dark page as well."""
    plt.rcParams.update(
        {
            "figure.figsize": (7.0, 4.0),
            "figure.dpi": 90,
            "figure.constrained_layout.use": True,
            "figure.facecolor": "#FCFCFC",
            "savefig.facecolor": "#FCFCFC",
            "axes.facecolor": "#FCFCFC",
            "axes.grid": True,
            "axes.axisbelow": True,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.prop_cycle": CURVES,
            "axes.titlesize": 12,
            "axes.labelsize": 11,
            "grid.color": "#DDDDDD",
            "grid.linewidth": 0.6,
            "legend.frameon": False,
            "lines.linewidth": 1.8,
            "font.size": 11,
            "image.cmap": "gray",
        }
    )


def curve_styles() -> Iterator[dict[str, Any]]:
    """Return the colour and line style of the first curve, of the second, and so on; after eight they begin again."""
    return CURVES()
