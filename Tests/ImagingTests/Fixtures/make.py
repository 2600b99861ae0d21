#!/usr/bin/env python3
"""Makes the pictures in this folder with encoders that are not Windhover's.

Needs Pillow, pycocotools, ImageMagick's convert and libjpeg-turbo's cjpeg and jpegtran. All pictures show the same
24x16 gradient, (10 x, 15 y, 128), which the tests compute for themselves.
"""

import json
import pathlib
import random
import subprocess

import numpy as np
from PIL import Image
from pycocotools import mask as coco

HERE = pathlib.Path(__file__).parent
y, x = np.mgrid[0:16, 0:24]
rgb = np.stack([10 * x, 15 * y, np.full_like(x, 128)], axis=-1).astype(np.uint8)
picture = Image.fromarray(rgb)


def run(*command, source):
    return subprocess.run(command, input=source, stdout=subprocess.PIPE, check=True).stdout


def jpeg(name, image=picture, **options):
    image.save(HERE / name, "JPEG", quality=95, **options)


jpeg("baseline-444.jpg", subsampling=0)
jpeg("baseline-422.jpg", subsampling=1)
jpeg("baseline-420.jpg", subsampling=2)
jpeg("progressive.jpg", progressive=True)
jpeg("restart.jpg", restart_marker_blocks=1)
jpeg("grey.jpg", picture.convert("L"))
# Inks without black, stored inverted as Adobe does.
inks = 255 - np.concatenate([rgb, np.full_like(rgb[..., :1], 255)], axis=-1)
jpeg("cmyk-adobe.jpg", Image.fromarray(inks, "CMYK"))
ppm = b"P6 24 16 255\n" + rgb.tobytes()
(HERE / "sampling-440.jpg").write_bytes(run("cjpeg", "-quality", "95", "-sample", "1x2", source=ppm))
(HERE / "sampling-410.jpg").write_bytes(run("cjpeg", "-quality", "95", "-sample", "4x2", source=ppm))
(HERE / "rgb.jpg").write_bytes(run("cjpeg", "-quality", "95", "-rgb", source=ppm))
(HERE / "arithmetic.jpg").write_bytes(
    run("jpegtran", "-arithmetic", source=(HERE / "baseline-444.jpg").read_bytes()))

# Stored turned, so that a reader which obeys the tag shows the gradient upright.
undo = {
    1: [], 2: [Image.Transpose.FLIP_LEFT_RIGHT], 3: [Image.Transpose.ROTATE_180], 4: [Image.Transpose.FLIP_TOP_BOTTOM],
    5: [Image.Transpose.TRANSPOSE], 6: [Image.Transpose.ROTATE_90], 7: [Image.Transpose.TRANSVERSE],
    8: [Image.Transpose.ROTATE_270]}
for orientation, steps in undo.items():
    stored = picture
    for step in steps:
        stored = stored.transpose(step)
    exif = Image.Exif()
    exif[0x0112] = orientation
    jpeg(f"orientation-{orientation}.jpg", stored, exif=exif, subsampling=0)

picture.save(HERE / "rgb.png")
picture.quantize(16).save(HERE / "palette-4.png", bits=4)
png = (HERE / "rgb.png").read_bytes()
(HERE / "interlaced.png").write_bytes(run("convert", "png:-", "-interlace", "PNG", "png:-", source=png))
(HERE / "rgb-16.png").write_bytes(run("convert", "png:-", "-depth", "16", "-define", "png:bit-depth=16", "png48:-", source=png))

# Masks and what pycocotools makes of them: plain, empty, full, noise, and runs long enough for several characters.
generator = random.Random(7)
masks = {
    "one": ["1"], "none": ["0"], "corner": ["100", "000"], "columns": ["0101", "0101", "0101"], "full": ["111", "111"],
    "noise": ["".join(generator.choice("01") for _ in range(23)) for _ in range(17)],
    "blob": ["".join("1" if (c - 60) ** 2 + (r - 40) ** 2 < 900 else "0" for c in range(120)) for r in range(80)],
    "long": ["0" * 200] * 199 + ["0" * 199 + "1"]}
vectors = []
for name, rows in masks.items():
    pixels = np.array([[int(c) for c in row] for row in rows], dtype=np.uint8)
    encoded = coco.encode(np.asfortranarray(pixels))
    vectors.append({"name": name, "rows": rows, "size": list(encoded["size"]), "counts": encoded["counts"].decode()})
# The long runs compress well as text, too, but 40 000 digits are no fixture: tests build this one.
for vector in vectors:
    if vector["name"] == "long":
        del vector["rows"]
(HERE / "coco.json").write_text(json.dumps(vectors, indent=1) + "\n")
