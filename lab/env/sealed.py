"""Sealed: the mark of objects that never change again, so that checkpoints can share them."""


class Sealed:
    """Base of immutable objects that a checkpoint keeps by reference instead of copying.

    This is what makes a checkpoint cost the same after an hour as after a minute: a log's old pages
    are sealed, and the pickled world only names them. A subclass must be deeply immutable once it
    has been built; nothing checks this but the test that compares restored worlds with straight ones.
    """

    __slots__ = ()
