"""The version, in one place: the build reads it from here, and so does the facade."""

__version__ = "0.3.0.dev0"
__version_info__: tuple[int | str, ...] = (0, 3, 0, "dev0")
