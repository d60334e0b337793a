"""Vec: whatever is done to it, it holds what a list would, and a copy of its spine stays as it was."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from lab.env.vec import WIDTH, Vec

STEPS = st.lists(st.one_of(st.integers(1, 600), st.integers(-700, -1)), max_size=12)


def filled(count: int) -> Vec[int]:
    vec: Vec[int] = Vec()
    for number in range(count):
        vec.append(number)
    return vec


@given(STEPS)
def test_it_holds_what_a_list_would(steps: list[int]):
    vec: Vec[int] = Vec()
    model: list[int] = []
    for step in steps:
        if step > 0:
            for _ in range(step):
                vec.append(len(model))
                model.append(len(model))
        else:
            del model[max(0, len(model) + step) :]
            vec.truncate(len(model))
        assert len(vec) == len(model)
        assert list(vec) == model
    assert [vec[at] for at in range(len(model))] == model
    assert vec.slice(3, 40) == model[3:40]


@pytest.mark.parametrize("count", [0, 1, WIDTH - 1, WIDTH, WIDTH**2, WIDTH**2 + 1, WIDTH**3 + 5])
def test_the_last_is_minus_one_and_beyond_is_an_error(count: int):
    vec = filled(count)
    if count:
        assert vec[-1] == count - 1
        assert vec[-count] == 0
    for index in (count, -count - 1):
        with pytest.raises(IndexError):
            vec[index]


def test_what_is_sealed_is_shared_and_never_changes():
    vec = filled(1_000)
    spine, sealed = vec.spine, [vec.spine.get(at) for at in range(vec.spine.count)]
    vec.truncate(500)
    for number in range(2_000):
        vec.append(-number)
    assert [spine.get(at) for at in range(spine.count)] == sealed
    assert spine.levels[-1][0] is not vec.spine.levels[-1][-1]


def test_a_long_one_hangs_on_few_references():
    levels = filled(100_000).spine.levels
    assert sum(len(level) for level in levels) < WIDTH * len(levels) <= 5 * WIDTH
