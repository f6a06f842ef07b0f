"""The fixed splits reach the benchmarks as the data set has them."""

from benchmarks import movielens


def test_every_rating_has_a_part_in_every_split() -> None:
    """100,836 ratings; the random splits hold out a tenth twice, the temporal ones a little more of small users."""
    parts = [row["parts"] for row in movielens.parts()]
    assert len(parts) == 100_836
    for split in movielens.SPLITS:
        sizes = [sum(part[split] == number for part in parts) for number in range(3)]
        assert sum(sizes) == 100_836
        assert all(10_000 < size < 10_300 for size in sizes[1:])
