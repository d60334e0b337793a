"""What a checkpoint writes without the names of its fields comes back as it was."""

import pickle
from dataclasses import dataclass, field

from lab.env import Packed


class Ship(Packed):
    __slots__ = ("crew", "name")

    def __init__(self, name: str) -> None:
        self.name = name
        self.crew: list[object] = []


class Steamer(Ship):
    __slots__ = ("coal",)

    def __init__(self, name: str, coal: int) -> None:
        super().__init__(name)
        self.coal = coal


class Buoy(Packed):
    __slots__ = ("place",)

    def __init__(self, place: tuple[int, int]) -> None:
        self.place = place


@dataclass(slots=True)
class Cargo(Packed):
    tons: int
    marks: dict[str, int] = field(default_factory=dict[str, int])


def test_every_field_comes_back_also_those_of_the_kind_it_is_made_from():
    ship = Steamer("Ada", 40)
    ship.crew = ["mate", Cargo(3, {"north": 1})]
    again = pickle.loads(pickle.dumps(ship, 5))
    assert type(again) is Steamer
    assert (again.name, again.coal, again.crew) == ("Ada", 40, ["mate", Cargo(3, {"north": 1})])
    assert pickle.loads(pickle.dumps(Buoy((1, 2)), 5)).place == (1, 2), "also if it is the only one"


def test_things_that_point_at_each_other_still_do():
    ship = Ship("Ada")
    ship.crew = [ship, ship.crew]
    again = pickle.loads(pickle.dumps(ship, 5))
    assert again.crew[0] is again
    assert again.crew[1] == []


def test_names_of_fields_are_not_written():
    assert b"coal" not in pickle.dumps(Steamer("Ada", 40), 5)
