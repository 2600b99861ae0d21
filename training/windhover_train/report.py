"""Tables over several evaluations: text, CSV and a picture."""

from __future__ import annotations

import csv
import io
import json
from pathlib import Path
from typing import Any

from windhover_train.run import RunError

Row = dict[str, str]


def read(path: Path) -> dict[str, Any]:
    """What `windhover-train evaluate --out` wrote of one model; RunError names a file that is something else."""
    try:
        result = json.loads(path.read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError) as error:
        raise RunError(f"{path} is not JSON: {error}") from error
    if not isinstance(result, dict) or not {"model", "cost", "sets"} <= result.keys():
        raise RunError(f"{path} holds no figures of windhover-train evaluate")
    return result


def rows(results: list[dict[str, Any]]) -> list[Row]:
    """One row for each model and mode; columns mIoU and TC for each set, then parameters, GMACs, frames a second.

    `results` are what `windhover-train evaluate` writes: model, cost, and figures by set. A mode that a set has no
    figures for is left empty there.
    """
    table: list[Row] = []
    for result in results:
        sets = result["sets"]
        modes = {mode: None for figures in sets.values() for mode in figures if isinstance(figures[mode], dict)}
        for mode in modes:
            row = {"model": result["model"], "mode": mode}
            speeds = []
            for name, figures in sets.items():
                entry = figures.get(mode, {})
                for key in ("mIoU", "TC"):
                    if any(key in figures.get(m, {}) for m in modes):
                        row[f"{name} {key}"] = f"{entry[key]:.2f}" if key in entry else ""
                if "fps" in entry:
                    speeds.append(entry["fps"])
            cost = result["cost"]
            row["M parameters"] = f"{cost['parameters']:.2f}"
            row["GMAC"] = f"{cost['gmacs']:.1f}"
            row["fps"] = f"{sorted(speeds)[len(speeds) // 2]:.1f}" if speeds else ""
            table.append(row)
    return table


def columns(table: list[Row]) -> list[str]:
    """All columns, in the order they first occur; figures of models after those of sets."""
    names = list({name: None for row in table for name in row})
    last = ("M parameters", "GMAC", "fps")
    return [name for name in names if name not in last] + [name for name in last if name in names]


def text(table: list[Row]) -> str:
    """Columns padded with spaces, figures to the right."""
    names = columns(table)
    lines = [names, *([row.get(name, "") for name in names] for row in table)]
    widths = [max(map(len, cells)) for cells in zip(*lines, strict=True)]
    # Model and mode are words, the rest are figures.
    padded = (
        [cell.ljust(w) if i < 2 else cell.rjust(w) for i, (cell, w) in enumerate(zip(line, widths, strict=True))]
        for line in lines
    )
    return "\n".join("  ".join(cells).rstrip() for cells in padded)


def comma_separated(table: list[Row]) -> str:
    """RFC 4180."""
    buffer = io.StringIO(newline="")
    writer = csv.DictWriter(buffer, columns(table), restval="")
    writer.writeheader()
    writer.writerows(table)
    return buffer.getvalue()


def picture(table: list[Row], path: Path) -> None:
    """The table as a picture (PNG, PDF or SVG by the path's ending); the best figure of each column is bold."""
    from matplotlib.figure import Figure

    names = columns(table)
    figure = Figure(figsize=(1.3 + 1.15 * len(names), 0.6 + 0.3 * len(table)))
    axes = figure.add_subplot()
    axes.set_axis_off()
    cells = [[row.get(name, "") for name in names] for row in table]
    drawn = axes.table(cells, colLabels=[name.replace(" ", "\n", 1) for name in names], loc="center")
    drawn.auto_set_font_size(False)
    drawn.set_fontsize(9)
    drawn.scale(1, 1.2)
    drawn.auto_set_column_width(list(range(len(names))))
    for column, name in enumerate(names):
        drawn[0, column].set_height(2 * drawn[0, column].get_height())
        drawn[0, column].set_text_props(weight="bold")
        values = [float(row[column]) if column > 1 and row[column] else None for row in cells]
        if name.endswith(("mIoU", "TC")):
            best = max((value for value in values if value is not None), default=None)
            for index, value in enumerate(values):
                if value is not None and value == best:
                    drawn[index + 1, column].set_text_props(weight="bold")
    for (_, column), cell in drawn.get_celld().items():
        cell.set_edgecolor("#cccccc")
        cell.set_text_props(ha="left" if column < 2 else "right")
    figure.savefig(path, dpi=150, bbox_inches="tight")
