"""Word: a function that a scenario's expressions may call."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from lab.world.world import World

Value = int | str | bool


@dataclass(frozen=True, slots=True)
class Word:
    """A function a scenario may call, and how many arguments it takes."""

    call: Callable[..., Value]
    arguments: tuple[int, int]
    help: str

    def __call__(self, world: World, *arguments: Value) -> Value:
        """Ask it. Raises Refused when an argument names nothing there is."""
        return self.call(world, *arguments)


WORDS: dict[str, Word] = {}
F = TypeVar("F", bound=Callable[..., Value])


def word(least: int, most: int | None = None) -> Callable[[F], F]:
    """Offer a function to scenarios, under its own name."""

    def register(function: F) -> F:
        name = function.__name__.rstrip("_")
        assert name not in WORDS, f"two words are called {name}"
        WORDS[name] = Word(function, (least, least if most is None else most), function.__doc__ or "")
        return function

    return register
