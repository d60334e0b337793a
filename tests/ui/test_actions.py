"""The table of actions is the single place where keys are said."""

from PySide6.QtGui import QKeySequence

from lab.ui.actions import ACTIONS, SPEEDS
from lab.ui.dialogs.shortcuts import balanced, groups
from lab.ui.menus import MAIN_MENU


def test_no_two_actions_share_a_shortcut():
    keys = [QKeySequence(one.shortcut).toString() for one in ACTIONS if one.shortcut]
    assert all(keys), "a shortcut that Qt cannot read"
    assert len(keys) == len(set(keys))


def test_no_two_actions_share_an_id():
    assert len({one.id for one in ACTIONS}) == len(ACTIONS)


def test_the_keys_of_the_design_are_there():
    keys = {one.shortcut: one.id for one in ACTIONS}
    wanted = {
        "Space": "play", ".": "step", ",": "step-back", "N": "next-moment", "Shift+N": "previous-moment",
        "Home": "to-start", "Ctrl+K": "palette", "Ctrl+F": "find", "F11": "presenter", "Ctrl+S": "save",
        "Ctrl+O": "open", "Ctrl+Shift+S": "picture", "F1": "shortcuts",
    }  # fmt: skip
    assert {key: keys.get(key) for key in wanted} == wanted


def test_keys_one_to_nine_are_speeds_from_a_thousandth_to_sixty_four():
    assert len(SPEEDS) == 9
    assert SPEEDS[0] == (1, 1000)
    assert SPEEDS[-1] == (64, 1)
    ratios = [numerator / denominator for numerator, denominator in SPEEDS]
    assert ratios == sorted(ratios)


def test_every_action_of_the_main_menu_exists():
    assert set(MAIN_MENU) - {""} <= {one.id for one in ACTIONS}


def test_every_group_of_shortcuts_is_in_one_column():
    assert sorted(name for column in balanced(groups()) for name in column) == sorted(groups())
