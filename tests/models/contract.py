"""What every model promises; a model's test class inherits it and names the model and fitting hyperparameters."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any, ClassVar

import numpy as np
import pytest
from numpy.typing import NDArray
from safetensors.numpy import load, save

from bridge.core.errors import CancelledError, FailedPreconditionError
from bridge.core.learning import Problem
from bridge.core.projection import Projection, RelationshipTable
from bridge.models.model import Fit, Model
from tests import boards
from tests.boards import SHELF, TARGET, two_camps

GOLDEN = Path(__file__).parent.parent / "golden"
GOLDEN_EPOCHS = 20


def golden_losses(model: type[Model]) -> list[float]:
    """Train as for the recorded curve."""
    hyperparameters = model.Hyperparameters.parse({"epochs": GOLDEN_EPOCHS})
    return [epoch.loss for epoch in model.fit(two_camps().problem(), hyperparameters, seed=1, threads=1).history]


class ModelContract:
    """Promises on a board of two camps; see `tests/boards.py`."""

    model: ClassVar[type[Model]]
    name: ClassVar[str]
    settings: ClassVar[dict[str, Any]]
    """Hyperparameters that fit the board in about a second."""
    past_the_best: ClassVar[dict[str, Any]]
    """Hyperparameters that go on after the best epoch."""

    def fit(self, problem: Problem, seed: int = 0, **settings: Any) -> Fit:
        hyperparameters = self.model.Hyperparameters.parse({**self.settings, **settings})
        return self.model.fit(problem, hyperparameters, seed=seed, threads=1)

    def quick(self, problem: Problem, **settings: Any) -> Model:
        return self.fit(problem, **{"epochs": 4, **settings}).model

    @staticmethod
    def scores(model: Model, projection: Projection, messages: NDArray[np.bool_] | None = None) -> NDArray[np.float32]:
        return model.scorer(projection, messages).block(np.arange(len(projection.nodes["Reader"])))

    @pytest.mark.parametrize("seed", [0, 1])
    def test_finds_the_withheld_target(self, seed: int) -> None:
        """Of all targets that a source has no relationship to, the one of its own camp scores highest."""
        board = two_camps(seed)
        scores = self.scores(self.fit(board.problem()).model, board.projection, board.train)
        known = boards_known(board.projection, board.train)
        scores[known[0], known[1]] = -np.inf
        assert np.mean(scores.argmax(axis=1) == board.withheld) >= 0.9

    def test_reproduces_the_recorded_losses(self) -> None:
        """Training takes the very steps it took when the curve was recorded (`tests/golden/record.py`)."""
        recorded = json.loads((GOLDEN / f"{self.name}.json").read_text())
        assert golden_losses(self.model) == pytest.approx(recorded, abs=1e-4)

    def test_same_seed_gives_the_same_bytes(self) -> None:
        """Two fits with one seed store equal bytes; another seed does not."""
        problem = two_camps().problem()
        first, second = (save(self.quick(problem).arrays()) for _ in range(2))
        assert first == second
        assert save(self.fit(problem, seed=5, epochs=4).model.arrays()) != first

    def test_held_out_values_change_no_prediction(self) -> None:
        """Overwriting every value outside of `fit_on` leaves all scores equal, bit for bit."""
        board = two_camps()
        values = board.projection.relationships[TARGET.edge_type].properties["stars"]
        changed = boards.with_values(board.projection, np.where(board.train, values, 777.0))
        honest = self.scores(self.quick(board.problem()), board.projection, board.train)
        again = self.scores(self.quick(board.problem(projection=changed)), changed, board.train)
        np.testing.assert_array_equal(again, honest)

    def test_test_values_change_nothing_while_validation_chooses(self) -> None:
        """With a validation part, what is in neither part is read nowhere."""
        board = two_camps()
        turn = np.cumsum(~board.train) % 2 == 0
        validate, test = ~board.train & turn, ~board.train & ~turn
        values = board.projection.relationships[TARGET.edge_type].properties["stars"]
        changed = boards.with_values(board.projection, np.where(test, -777.0, values))
        fits = [
            self.fit(board.problem(projection=p, validate_on=validate), epochs=10) for p in (board.projection, changed)
        ]
        assert fits[0].history == fits[1].history
        assert save(fits[0].model.arrays()) == save(fits[1].model.arrays())

    def test_held_out_relationships_are_no_messages(self) -> None:
        """Without the held-out relationships at all, scores are what they were with the mask."""
        board = two_camps()
        model = self.quick(board.problem())
        table = board.projection.relationships[TARGET.edge_type]
        kept = RelationshipTable(table.edge_index[:, board.train], {"stars": table.properties["stars"][board.train]})
        without = replace(board.projection, relationships={**board.projection.relationships, TARGET.edge_type: kept})
        np.testing.assert_array_equal(self.scores(model, board.projection, board.train), self.scores(model, without))

    def test_validation_chooses_the_epochs(self) -> None:
        """The fit names the epoch of its best validation metric, and its weights are that epoch's."""
        board = two_camps()
        validate = np.arange(len(board.train)) % 3 == 0
        learn = board.train & ~validate
        fit = self.fit(board.problem(fit_on=learn, validate_on=validate), **self.past_the_best)
        measured = {epoch.epoch: epoch.validation for epoch in fit.history if epoch.validation is not None}
        best = max if "ranking" in self.model.objectives else min
        assert measured[fit.epochs] == best(measured.values())
        assert fit.epochs < max(measured), "the last weights are not the best ones here"
        again = self.fit(board.problem(fit_on=learn), **self.past_the_best | {"epochs": fit.epochs})
        np.testing.assert_array_equal(
            self.scores(fit.model, board.projection), self.scores(again.model, board.projection)
        )

    def test_a_fit_that_starts_from_a_model_goes_on_where_that_one_ended(self) -> None:
        """Also after the way through a file, and on a graph that has lost nodes and got new ones."""
        board = two_camps()
        first = self.fit(board.problem())
        model = self.model.load(first.model.arrays(), first.model.meta())
        keys = board.projection.nodes["Book"].keys
        changed = boards.with_nodes(board.projection, "Book", np.append(keys[3:], keys[-1] + np.arange(1, 3)))
        everything = np.ones(len(changed.relationships[TARGET.edge_type]), dtype=bool)
        problem = board.problem(projection=changed, fit_on=everything, validate_on=~everything)
        cold = self.fit(problem, epochs=1).history[0].loss
        settings = self.model.Hyperparameters.parse({**self.settings, "epochs": 1})
        warm = self.model.fit(problem, settings, seed=0, threads=1, initial=model).history[0].loss
        late = first.history[-1].loss
        assert abs(warm - late) < 0.5 * abs(cold - late)

    def test_a_model_of_other_dimensions_is_nothing_to_start_from(self) -> None:
        problem = two_camps().problem()
        settings = self.model.Hyperparameters.parse({**self.settings, "epochs": 1, "embeddingDimension": 7})
        with pytest.raises(FailedPreconditionError, match="has another network: its `"):
            self.model.fit(problem, settings, seed=0, threads=1, initial=self.quick(problem))

    def test_loads_what_it_saved(self) -> None:
        """Arrays through safetensors and meta through JSON give a model with equal scores."""
        board = two_camps()
        model = self.quick(board.problem())
        loaded = self.model.load(load(save(model.arrays())), json.loads(json.dumps(model.meta())))
        np.testing.assert_array_equal(self.scores(loaded, board.projection), self.scores(model, board.projection))

    def test_pairs_and_blocks_agree(self) -> None:
        """A pair's score does not depend on how it is asked for."""
        board = two_camps()
        scorer = self.quick(board.problem()).scorer(board.projection)
        sources, targets = np.array([3, 0, 29]), np.array([47, 0, 5])
        np.testing.assert_allclose(
            scorer.pairs(sources, targets), scorer.block(sources)[np.arange(3), targets], rtol=1e-5, atol=1e-6
        )
        stretch = slice(5, 17)
        np.testing.assert_allclose(
            scorer.block(sources, stretch), scorer.block(sources)[:, stretch], rtol=1e-5, atol=1e-6
        )

    def test_nodes_are_recognised_by_key(self) -> None:
        """Where new nodes move all rows, the old nodes' scores are what they were."""
        board = two_camps()
        model = self.quick(board.problem())
        before = self.scores(model, board.projection)
        keys = board.projection.nodes["Book"].keys
        more = np.unique(np.concatenate([keys, np.array([-5, 1001, 1002])]))
        after = self.scores(model, boards.with_nodes(board.projection, "Book", more))
        np.testing.assert_allclose(after[:, np.isin(more, keys)], before, rtol=1e-4, atol=1e-5)

    def test_a_new_node_is_scored_by_its_relationships(self) -> None:
        """A source that training never saw is known as soon as it has relationships, and its camp is found."""
        board = two_camps()
        reader, twin = 2000, 7
        keys = board.projection.nodes["Reader"].keys
        projection = boards.with_nodes(board.projection, "Reader", np.append(keys, reader))
        table = projection.relationships[TARGET.edge_type]
        like = (table.edge_index[0] == twin) & (np.arange(len(table)) % 2 == 0)
        sources = np.concatenate([table.edge_index[0], np.full(like.sum(), len(keys))])
        targets = np.concatenate([table.edge_index[1], table.edge_index[1][like]])
        stars = np.concatenate([table.properties["stars"], table.properties["stars"][like]])
        richer = replace(
            projection,
            relationships={**projection.relationships, TARGET.edge_type: boards.links(sources, targets, stars=stars)},
        )
        model = self.fit(board.problem()).model
        assert not model.scorer(projection).known_sources[len(keys)]
        scorer = model.scorer(richer)
        assert scorer.known_sources.all()
        mine, others = scorer.block(np.array([len(keys), twin]))
        assert np.corrcoef(mine, others)[0, 1] > 0.8

    def test_scores_without_any_relationship(self) -> None:
        """Nodes alone, old and new, have finite scores; only a new node is unknown."""
        board = two_camps()
        keys = board.projection.nodes["Reader"].keys
        projection = boards.with_nodes(board.projection, "Reader", np.append(keys, 2000))
        scorer = self.quick(board.problem()).scorer(replace(projection, relationships={}))
        scores = scorer.block(np.arange(len(keys) + 1))
        assert scores.shape == (31, 48)
        assert np.isfinite(scores).all()
        assert scorer.known_sources.tolist() == [True] * 30 + [False]

    def test_trains_without_side_relationships_and_features(self) -> None:
        """An empty side type, none at all and no features are fine."""
        board = two_camps()
        empty = replace(
            board.projection,
            relationships={**board.projection.relationships, SHELF: boards.links(*np.zeros((2, 0), int))},
        )
        for problem in (board.problem(projection=empty), board.problem(message_types=frozenset(), features={})):
            assert np.isfinite(self.scores(self.quick(problem), problem.projection)).all()

    def test_trains_on_a_single_source(self) -> None:
        """One source is enough to train and score."""
        board = two_camps()
        alone = boards.with_nodes(board.projection, "Reader", board.projection.nodes["Reader"].keys[:1])
        everything = np.ones(len(alone.relationships[TARGET.edge_type]), dtype=bool)
        problem = board.problem(projection=alone, fit_on=everything, validate_on=~everything)
        assert np.isfinite(self.scores(self.quick(problem), alone)).all()

    def test_trains_on_one_value(self) -> None:
        """All values equal: nothing to tell apart, and nothing breaks."""
        board = two_camps()
        constant = boards.with_values(board.projection, np.full(len(board.train), 4.0))
        assert np.isfinite(self.scores(self.quick(board.problem(projection=constant)), constant)).all()

    def test_trains_on_relationships_from_a_label_to_itself(self) -> None:
        """Sources and targets may be the same nodes, and side relationships may connect targets."""
        rng = np.random.default_rng(0)
        target = replace(TARGET, target_label="Reader")
        friends = ("Reader", "KNOWS", "Reader")
        projection = Projection(
            nodes={"Reader": boards.nodes("Reader", np.arange(20))},
            relationships={
                target.edge_type: boards.links(*rng.integers(0, 20, (2, 90)), stars=rng.choice([1.0, 5.0], 90)),
                friends: boards.links(*rng.integers(0, 20, (2, 30)), undirected=True),
            },
            fingerprint="",
        )
        fit_on = np.ones(90, dtype=bool)
        problem = Problem(projection, target, fit_on, ~fit_on, {}, frozenset({friends}), 3.0, 3.0)
        scores = self.scores(self.quick(problem), projection)
        assert scores.shape == (20, 20)
        assert np.isfinite(scores).all()

    def test_string_keys_survive_saving(self) -> None:
        """Keys may be strings, of any alphabet; a loaded model knows its nodes by them."""
        board = two_camps()
        names = np.array(sorted(f"Bücher.{key:04}" for key in board.projection.nodes["Book"].keys))
        named = replace(
            board.projection,
            nodes={**board.projection.nodes, "Book": replace(board.projection.nodes["Book"], keys=names)},
        )
        model = self.quick(board.problem(projection=named))
        loaded = self.model.load(load(save(model.arrays())), model.meta())
        fewer = boards.with_nodes(named, "Book", names[3:])
        assert loaded.scorer(fewer).known_targets.all()
        np.testing.assert_array_equal(self.scores(loaded, fewer), self.scores(model, fewer))

    def test_stops_when_progress_says_so(self) -> None:
        """A cancellation raised by `progress` ends the training at once."""
        calls = []

        def cancel(fraction: float, detail: str = "", **figures: float) -> None:
            calls.append(figures["loss"])
            raise CancelledError("enough")

        hyperparameters = self.model.Hyperparameters.parse(self.settings)
        with pytest.raises(CancelledError):
            self.model.fit(two_camps().problem(), hyperparameters, seed=0, threads=1, progress=cancel)
        assert len(calls) == 1


def boards_known(projection: Projection, mask: NDArray[np.bool_]) -> NDArray[np.int32]:
    """Return the target relationships of a mask: int32 [2, n]."""
    return projection.relationships[TARGET.edge_type].edge_index[:, mask]
