#!/usr/bin/env python3
"""Decodes one JPEG to RGB by libjpeg-turbo, again for each line on standard input, and prints the seconds it took.

usage: turbo_decode.py IMAGE | turbo_decode.py --probe

The reference that a whole read is measured against. It waits to be asked, so that the benchmark can take the two in
turns in one run, on a machine whose speed drifts. `--probe` ends with 0 when the library is there.
"""

import ctypes
import ctypes.util
import sys
import time

PIXEL_FORMAT_RGB = 0


def library():
    """TurboJPEG, or one line that says how to get it."""
    for name in (ctypes.util.find_library("turbojpeg"), "libturbojpeg.so.0", "libturbojpeg.dylib"):
        try:
            if name:
                return ctypes.CDLL(name)
        except OSError:
            continue
    sys.exit("turbo_decode: libturbojpeg is missing (Debian: apt-get install libturbojpeg0)")


def main():
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    turbo = library()
    if sys.argv[1] == "--probe":
        return
    turbo.tjInitDecompress.restype = ctypes.c_void_p
    turbo.tjGetErrorStr2.restype = ctypes.c_char_p
    handle = ctypes.c_void_p(turbo.tjInitDecompress())
    with open(sys.argv[1], "rb") as file:
        data = file.read()
    length = ctypes.c_ulong(len(data))
    width, height, subsampling, colorspace = (ctypes.c_int() for _ in range(4))
    header = turbo.tjDecompressHeader3(
        handle, data, length, *(ctypes.byref(value) for value in (width, height, subsampling, colorspace))
    )
    if header != 0:
        sys.exit(f"turbo_decode: {sys.argv[1]}: {turbo.tjGetErrorStr2(handle).decode()}")
    pixels = ctypes.create_string_buffer(width.value * height.value * 3)
    for _ in sys.stdin:
        start = time.perf_counter()
        turbo.tjDecompress2(handle, data, length, pixels, width, 0, height, PIXEL_FORMAT_RGB, 0)
        print(f"{time.perf_counter() - start:.9f}", flush=True)


if __name__ == "__main__":
    main()
