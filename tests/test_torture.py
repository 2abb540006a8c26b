"""The trials of tests.torture with a fixed seed, as many as take some twenty seconds."""

from tests import torture


def test_damage_kills_and_full_disks_end_well():
    done, failed = torture.run(0, count=150)
    assert failed == []
    assert set(done) == {kind.__name__ for kind in torture.KINDS}
