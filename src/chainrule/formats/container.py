"""A safetensors file whose every byte is accounted for.

The container is that of the safetensors library. In its metadata stand the file's format and
version, what the model is (JSON), a SHA-256 for every tensor, and one over all of that; so a
changed byte is found before anything is made of the file.
"""

from __future__ import annotations

import hashlib
import json
import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from chainrule.core.files import atomic_write
from chainrule.errors import FormatVersionError, ModelFileError

if TYPE_CHECKING:
    from numpy.typing import NDArray

    Array = NDArray[Any]

FORMAT = "chainrule"
VERSION = 1
_DTYPES: dict[str, np.dtype[Any]] = {"F32": np.dtype("<f4"), "F64": np.dtype("<f8")}
_HEADER_LIMIT = 100_000_000
"""Bytes: the limit of the safetensors format."""


def write(
    path: str | os.PathLike[str], tensors: Mapping[str, Array], facts: Mapping[str, Any]
) -> None:
    """Write tensors and JSON-ready facts, beside and renamed.

    Raises:
        OSError: The folder is missing or not writable, or the disk is full.
    """
    from safetensors.numpy import save

    arrays = {name: np.ascontiguousarray(array) for name, array in tensors.items()}
    metadata = {
        "format": FORMAT,
        "version": str(VERSION),
        "facts": json.dumps(facts, ensure_ascii=False, allow_nan=False),
        "sha256": json.dumps({name: _hash(array) for name, array in arrays.items()}),
    }
    metadata["sha256_all"] = _digest(metadata, {n: (a.dtype, a.shape) for n, a in arrays.items()})
    content = _ordered(save(arrays, metadata))
    with atomic_write(path) as file:
        file.write(content)


def read(path: str | os.PathLike[str]) -> tuple[dict[str, Array], dict[str, Any]]:
    """Read what :func:`write` wrote.

    Returns:
        The tensors by name, and the facts.

    Raises:
        ModelFileError: The file is not a whole and unchanged chainrule file.
        FormatVersionError: A newer chainrule wrote it.
        OSError: It cannot be opened.
    """
    import safetensors

    with open(path, "rb") as file:
        content = file.read()
    metadata = _metadata(content, path)
    try:
        parts: Any = safetensors.deserialize(content)  # type: ignore[no-untyped-call]
    except Exception as error:  # the library's own class, by version
        raise ModelFileError(f"{path}: not a whole safetensors file ({error}).") from None
    tensors = {name: _array(name, part, path) for name, part in parts}
    shapes = {name: (array.dtype, array.shape) for name, array in tensors.items()}
    if metadata.get("sha256_all") != _digest(metadata, shapes):
        raise ModelFileError(f"{path}: the header does not match its SHA-256; the file is damaged.")
    hashes = _json(metadata["sha256"], path)
    for name, array in tensors.items():
        if hashes.get(name) != _hash(array):
            raise ModelFileError(f"{path}: tensor {name!r} does not match its SHA-256.")
    if set(hashes) != set(tensors):
        raise ModelFileError(f"{path}: tensors are missing: {sorted(set(hashes) - set(tensors))}.")
    return tensors, _json(metadata["facts"], path)


def _ordered(content: bytes) -> bytes:
    """The file with its metadata sorted: the library's order differs from run to run."""
    size = int.from_bytes(content[:8], "little")
    header = json.loads(content[8 : 8 + size])
    header["__metadata__"] = dict(sorted(header["__metadata__"].items()))
    text = _compact(header)
    return content[:8] + text + b" " * (size - len(text)) + content[8 + size :]


def _compact(header: Mapping[str, Any]) -> bytes:
    return json.dumps(header, separators=(",", ":"), ensure_ascii=False).encode()


def _metadata(content: bytes, path: Any) -> dict[str, str]:
    """The header's metadata, once it is clear that this is such a file and of what version."""
    size = int.from_bytes(content[:8], "little")
    raw = content[8 : 8 + size]
    if len(content) < 8 or size > _HEADER_LIMIT or len(raw) < size:
        raise ModelFileError(f"{path}: not a chainrule model, or cut short ({len(content)} bytes).")
    header = _json(raw, path)
    metadata = header.get("__metadata__")
    if not isinstance(metadata, dict) or metadata.get("format") != FORMAT:
        raise ModelFileError(f"{path}: a safetensors file, but not a chainrule model.")
    version = metadata.get("version", "")
    if not (isinstance(version, str) and version.isascii() and version.isdigit()):
        raise ModelFileError(f"{path}: the header is damaged.", version=version)
    if int(version) > VERSION:
        raise FormatVersionError(
            f"{path}: written in format {version} by a newer chainrule; this one reads up to "
            f"{VERSION}. Upgrade with: pip install -U chainrule"
        )
    again = _compact(header)
    if raw != again + b" " * (size - len(again)):  # also finds doubled keys and filled gaps
        raise ModelFileError(f"{path}: the header is damaged.")
    return metadata


def _json(text: str | bytes, path: Any) -> dict[str, Any]:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        raise ModelFileError(f"{path}: the header is not readable.") from None
    if not isinstance(found, dict):
        raise ModelFileError(f"{path}: the header is damaged.")
    return found


def _array(name: str, part: Mapping[str, Any], path: Any) -> Array:
    dtype = _DTYPES.get(part["dtype"])
    if dtype is None:
        raise ModelFileError(
            f"{path}: tensor {name!r} has a type that no model has: {part['dtype']}."
        )
    return np.frombuffer(part["data"], dtype).reshape(part["shape"])


def _digest(metadata: Mapping[str, str], shapes: Mapping[str, Any]) -> str:
    table = {name: [str(dtype), list(shape)] for name, (dtype, shape) in shapes.items()}
    facts = {key: value for key, value in metadata.items() if key != "sha256_all"}
    return hashlib.sha256(json.dumps([facts, table], sort_keys=True).encode()).hexdigest()


def _hash(array: Array) -> str:
    return hashlib.sha256(array.tobytes()).hexdigest()
