"""Makes the small pictures that the `image` crate cannot write itself.

Run once, with Pillow 13: `python make_images.py`. Each picture is 64 x 48: four quadrants of plain colour
(red, green / blue, white), so that a test can tell colours, corners and missing rows.
"""

from pathlib import Path

from PIL import Image

HERE = Path(__file__).parent
RED, GREEN, BLUE, WHITE = (200, 30, 30), (30, 160, 60), (30, 60, 200), (250, 250, 250)


def quadrants() -> Image.Image:
    picture = Image.new("RGB", (64, 48), WHITE)
    picture.paste(RED, (0, 0, 32, 24))
    picture.paste(GREEN, (32, 0, 64, 24))
    picture.paste(BLUE, (0, 24, 32, 48))
    return picture


def noisy() -> Image.Image:
    """The quadrants with a fixed pattern over them, so that every row carries data."""
    picture = quadrants()
    for y in range(48):
        for x in range(64):
            step = (x * 7 + y * 13 + x * y) % 17 - 8
            picture.putpixel((x, y), tuple(v + step if 8 <= v + step <= 247 else v for v in picture.getpixel((x, y))))
    return picture


def main() -> None:
    plain, rough = quadrants(), noisy()
    rough.save(HERE / "progressive.jpg", quality=90, progressive=True)
    rough.save(HERE / "restart.jpg", quality=90, restart_marker_blocks=2)
    rough.save(HERE / "subsampled.jpg", quality=90, subsampling="4:2:0")
    plain.convert("CMYK").save(HERE / "cmyk.jpg", quality=95)
    plain.quantize(4).save(HERE / "palette.png")
    plain.convert("1").save(HERE / "bilevel.tif", compression="group4")
    plain.quantize(4).save(HERE / "palette.tif")
    plain.quantize(4).save(HERE / "palette.bmp")
    exif = Image.Exif()
    exif[0x0112] = 6
    rough.save(HERE / "turned.webp", quality=90, exif=exif)
    rough.save(HERE / "lzw.tif", compression="tiff_lzw")


if __name__ == "__main__":
    main()
