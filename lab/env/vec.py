"""Vec: a growing sequence that a checkpoint can share, whatever its length.

Items fill a short tail; a full tail is sealed into a page, sixteen pages into a node, and so on. All
sealed parts hang on one immutable spine, so a checkpoint holds one reference and a tail. Narrow pages
matter: what checkpoints retain is mostly the old versions of the outermost ones.
"""

from collections.abc import Iterator
from typing import Any, Generic, TypeVar

from lab.env.packed import Packed
from lab.env.sealed import Sealed

T = TypeVar("T")
WIDTH = 16


class Page(Sealed):
    """Sixteen items, or sixteen pages of the level below."""

    __slots__ = ("items",)

    def __init__(self, items: tuple[Any, ...]) -> None:
        self.items = items


class Spine(Sealed):
    """The sealed part of a Vec: per level, from the lowest, the pages not yet sealed into the next."""

    __slots__ = ("count", "levels")

    def __init__(self, count: int, levels: tuple[tuple[Page, ...], ...]) -> None:
        self.count = count
        self.levels = levels

    def pushed(self, page: Page) -> "Spine":
        """This spine with one more page of items."""
        levels = list(self.levels)
        carry: Page | None = page
        for at, level in enumerate(levels):
            assert carry is not None
            full = (*level, carry)
            if len(full) < WIDTH:
                levels[at], carry = full, None
                break
            levels[at], carry = (), Page(full)
        if carry is not None:
            levels.append((carry,))
        return Spine(self.count + WIDTH, tuple(levels))

    def popped(self) -> "tuple[Spine, Page]":
        """This spine without its last page of items, and that page."""
        levels = list(self.levels)
        at = next(at for at, level in enumerate(levels) if level)
        page = levels[at][-1]
        levels[at] = levels[at][:-1]
        while at > 0:
            at -= 1
            levels[at] = page.items[:-1]
            page = page.items[-1]
        return Spine(self.count - WIDTH, tuple(levels)), page

    def get(self, index: int) -> Any:
        """The item at `index` < count."""
        base = self.count
        size = WIDTH
        for at, level in enumerate(self.levels):
            base -= len(level) * size
            if index >= base:
                index -= base
                page = level[index // size]
                for _ in range(at):
                    index %= size
                    size //= WIDTH
                    page = page.items[index // size]
                return page.items[index % WIDTH]
            size *= WIDTH
        raise IndexError(index)


EMPTY = Spine(0, ())


class Vec(Packed, Generic[T]):
    """An append-only sequence, except that its end may be cut off."""

    __slots__ = ("spine", "tail")

    def __init__(self) -> None:
        self.spine = EMPTY
        self.tail: list[T] = []

    def __len__(self) -> int:
        return self.spine.count + len(self.tail)

    def append(self, item: T) -> None:
        """Add at the end. The item must be immutable, or never change again."""
        tail = self.tail
        tail.append(item)
        if len(tail) == WIDTH:
            self.spine = self.spine.pushed(Page(tuple(tail)))
            self.tail = []

    def __getitem__(self, index: int) -> T:
        count = self.spine.count
        if index >= count:
            return self.tail[index - count]
        if index < 0:
            index += count + len(self.tail)
            if index < 0:
                raise IndexError(index)
            return self[index]
        return self.spine.get(index)

    def __iter__(self) -> Iterator[T]:
        for depth in reversed(range(len(self.spine.levels))):
            for page in self.spine.levels[depth]:
                yield from _items(page, depth)
        yield from self.tail

    def slice(self, start: int, stop: int) -> list[T]:
        """The items from `start` to before `stop`."""
        return [self[index] for index in range(max(0, start), min(stop, len(self)))]

    def truncate(self, length: int) -> None:
        """Keep only the first `length` items."""
        while len(self) > length:
            if self.tail:
                del self.tail[max(0, length - self.spine.count) :]
            else:
                self.spine, page = self.spine.popped()
                self.tail = list(page.items)


def _items(page: Page, depth: int) -> Iterator[Any]:
    if depth == 0:
        yield from page.items
    else:
        for below in page.items:
            yield from _items(below, depth - 1)
