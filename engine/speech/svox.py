"""Reads a text aloud with SVOX Pico: `svox.py LIBRARY RESOURCES VOICE OUT.wav < text`.

Runs as a program of its own, so that a fault in the C library ends no call. The library is used
in place of the `pico2wave` program because that one looks for its voices in one fixed folder and
so cannot be used unpacked. Functions and constants: picoapi.h of SVOX Pico 1.0.
"""

import ctypes
import sys
import wave
from pathlib import Path

RATE_HZ = 16_000
SPEED_PERCENT = 115
SIGNALS = {"de-DE": "gl0", "en-GB": "kh0", "en-US": "lh0"}

_MEMORY_BYTES = 2_500_000
_PUT_BYTES_MAX = 30_000
_MORE_TO_COME = 201
_VOICE = b"voice"


def main() -> None:
    library, resources, voice, out = sys.argv[1:]
    samples = speak(Path(library), Path(resources), voice, sys.stdin.read())
    with wave.open(out, "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE_HZ)
        file.writeframes(samples)


def speak(library: Path, resources: Path, voice: str, text: str) -> bytes:
    """16-bit mono samples at 16 kHz; ends the program with the library's status if it fails."""
    pico = ctypes.CDLL(str(library))
    memory = ctypes.create_string_buffer(_MEMORY_BYTES)
    system, engine = ctypes.c_void_p(), ctypes.c_void_p()
    _must(pico.pico_initialize(memory, ctypes.c_uint32(_MEMORY_BYTES), ctypes.byref(system)))
    _must(pico.pico_createVoiceDefinition(system, _VOICE))
    for part in (f"{voice}_ta.bin", f"{voice}_{SIGNALS[voice]}_sg.bin"):
        resource, name = ctypes.c_void_p(), ctypes.create_string_buffer(200)
        path = str(resources / part).encode()
        _must(pico.pico_loadResource(system, path, ctypes.byref(resource)))
        _must(pico.pico_getResourceName(system, resource, name))
        _must(pico.pico_addResourceToVoiceDefinition(system, _VOICE, name))
    _must(pico.pico_newEngine(system, _VOICE, ctypes.byref(engine)))
    words = text.replace("<", " ").replace(">", " ")
    paced = f'<speed level="{SPEED_PERCENT}">{words}</speed>'
    samples = _read_aloud(pico, engine, paced.encode() + b"\0")
    pico.pico_disposeEngine(system, ctypes.byref(engine))
    pico.pico_terminate(ctypes.byref(system))
    return samples


def _read_aloud(pico: ctypes.CDLL, engine: ctypes.c_void_p, text: bytes) -> bytes:
    samples = bytearray()
    buffer = ctypes.create_string_buffer(1_024)
    put, got, kind = ctypes.c_int16(), ctypes.c_int16(), ctypes.c_int16()
    while text:
        length = ctypes.c_int16(min(len(text), _PUT_BYTES_MAX))
        _must(pico.pico_putTextUtf8(engine, text, length, ctypes.byref(put)))
        text = text[put.value :]
        status = _MORE_TO_COME
        while status == _MORE_TO_COME:
            status = pico.pico_getData(
                engine, buffer, ctypes.c_int16(1_024), ctypes.byref(got), ctypes.byref(kind)
            )
            samples += buffer.raw[: got.value]
    return bytes(samples)


def _must(status: int) -> None:
    if status:
        raise SystemExit(f"SVOX Pico failed with status {status}")


if __name__ == "__main__":
    main()
