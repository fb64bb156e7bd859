"""Files on disk: safetensors weights and atomic writes. No reader here executes code from a file."""

from .atomic import atomic_write, check_writable
from .safetensors import load, load_metadata, save

__all__ = ["atomic_write", "check_writable", "load", "load_metadata", "save"]
