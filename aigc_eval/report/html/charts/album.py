"""All pictures of a page: asked for one by one, drawn together."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property

from aigc_eval.report.html.charts.vega import Element, Mark, elements
from aigc_eval.report.page import Page

__all__ = ["Album", "Picture", "Sketch"]


@dataclass(frozen=True, slots=True)
class Sketch:
    """What a picture shows: its size in pixels and its marks."""

    width: int
    height: int
    marks: tuple[Mark, ...]


@dataclass(frozen=True)
class Picture:
    """A picture of an album; `elements` are what stands inside its `<svg>`."""

    sketch: Sketch
    album: Album = field(repr=False)

    @property
    def width(self) -> int:
        """Width in pixels."""
        return self.sketch.width

    @property
    def height(self) -> int:
        """Height in pixels."""
        return self.sketch.height

    @cached_property
    def elements(self) -> tuple[Element, ...]:
        """Drawn with all other pictures asked for so far."""
        return self.album.drawn(self.sketch)


class Album:
    """Collects sketches, and draws all that wait as soon as one of them is looked at; equal ones once."""

    def __init__(self) -> None:
        self._drawn: dict[Sketch, tuple[Element, ...]] = {}
        self._waiting: dict[Sketch, None] = {}

    @classmethod
    def of(cls, page: Page) -> Album:
        """The album of a page, and of all sections of it."""
        album: Album = page.made.setdefault("album", cls())
        return album

    def add(self, sketch: Sketch) -> Picture:
        """Ask for a picture."""
        if sketch not in self._drawn:
            self._waiting[sketch] = None
        return Picture(sketch, self)

    def drawn(self, sketch: Sketch) -> tuple[Element, ...]:
        """The elements of a picture that was asked for."""
        if sketch not in self._drawn:
            made = iter(elements([mark for waiting in self._waiting for mark in waiting.marks]))
            for waiting in self._waiting:
                self._drawn[waiting] = tuple(next(made) for _ in waiting.marks)
            self._waiting.clear()
        return self._drawn[sketch]
