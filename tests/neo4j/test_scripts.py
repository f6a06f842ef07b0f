"""The scripts of cypher/ on the real MovieLens data, real trainings included: what the README promises."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from bridge.runtime.home import Checkout
from tests.neo4j.scripts import Scripts
from tests.neo4j.stack import Stack, eventually

USERS, MOVIES, RATINGS = 610, 9742, 100_836

ENDLESS = """
MATCH (user:User) WITH collect(id(user)) AS users
CALL bridge.predict.stream('movies', {modelName: 'ratings', sourceNodeFilter: users, jobId: $job}) YIELD score
RETURN score LIMIT 1
"""


def test_every_script_ran(movielens: Scripts) -> None:
    """None is left out, and every statement that reads has rows."""
    assert sorted(movielens.outcomes) == sorted(file.stem for file in Checkout.here().scripts.glob("*.cypher"))
    for name, outcomes in movielens.outcomes.items():
        assert outcomes, name
        assert outcomes[-1].rows, f"the last statement of {name} shows nothing"


def test_the_whole_data_set_is_loaded(movielens: Scripts) -> None:
    """As many users, movies and ratings as the script says."""
    counts = {row["label"]: row["nodes"] for row in movielens.rows("01_load", -2)}
    assert (counts["User"], counts["Movie"]) == (USERS, MOVIES)
    assert movielens.state()[1][0]["count"] == RATINGS, "other tests have relationships of that type too, to no Movie"


def test_loading_again_changes_nothing(movielens: Scripts) -> None:
    """Nothing is created twice, and every rating keeps its value and time."""
    before = movielens.state()
    made = [outcome.counters for outcome in movielens.run("01_load")]
    assert [(each.nodes_created, each.relationships_created, each.constraints_added) for each in made] == [
        (0, 0, 0)
    ] * len(made)
    assert movielens.state() == before


def test_every_movie_gets_its_numbers(movielens: Scripts) -> None:
    """FastRP writes a vector for each movie; both encoders add one to each in the projection."""
    (people,) = movielens.rows("02_fastrp", -1)
    assert people["movies"] == MOVIES
    assert 0 < people["withoutPeople"] < MOVIES / 2
    for place in (0, 1):
        assert movielens.rows("04_encode", place)[0]["nodePropertiesWritten"] == MOVIES


def test_the_rating_model_beats_the_mean_and_the_biases(stack: Stack, movielens: Scripts) -> None:
    """On ratings it never saw, measured beside the baselines on the same split."""
    info = stack.row("CALL bridge.model.list('ratings') YIELD modelInfo RETURN modelInfo")["modelInfo"]
    assert sum(info["splits"].values()) == RATINGS
    ours = info["metrics"]["test"]["rmse"]
    assert ours < _measured(info, "mean", "rmse")
    assert ours < _measured(info, "bias", "rmse")
    assert ours < 0.87
    assert movielens.rows("05_train", 0)[0]["testRmse"] == ours


def test_the_ranking_model_beats_popularity(stack: Stack, movielens: Scripts) -> None:
    """On held-out ratings, by NDCG@10, by a good margin."""
    info = stack.row("CALL bridge.model.list('recommender') YIELD modelInfo RETURN modelInfo")["modelInfo"]
    ours = info["metrics"]["test"]["ndcgAt10"]
    assert ours > 1.5 * _measured(info, "popularity", "ndcgAt10")
    assert movielens.rows("05_train", 1)[0]["testNdcgAt10"] == ours


def _measured(info: Mapping[str, Any], baseline: str, metric: str) -> float:
    return float(info["baselines"][baseline][metric])


def test_predictions_are_stars(movielens: Scripts) -> None:
    """Ten of user 1's ratings with what the model says, on the scale of the data."""
    rows = movielens.rows("06_predict", 0)
    assert len(rows) == 10
    assert all(0.5 <= row["predicted"] <= 5.0 for row in rows)


def test_every_user_gets_ten_movies_they_have_not_rated(stack: Stack, movielens: Scripts) -> None:
    """6,100 relationships, ranks 1 to 10, none beside a rating."""
    found = stack.rows(
        "MATCH (user:User)-[r:RECOMMENDED {modelName: 'recommender'}]->(movie:Movie) "
        "WITH user, collect(r.rank) AS ranks, sum(toInteger(EXISTS {(user)-[:RATED]->(movie)})) AS rated "
        "RETURN count(*) AS users, sum(size(ranks)) AS written, sum(rated) AS rated, "
        "all(each IN collect(reduce(total = 0, rank IN ranks | total + rank)) WHERE each = 55) AS ranked"
    )
    assert found == [{"users": USERS, "written": 10 * USERS, "rated": 0, "ranked": True}]


def test_recommending_again_changes_nothing(movielens: Scripts) -> None:
    """The second run of the script finds all relationships as they should be."""
    row = movielens.run("07_recommend")[0].rows[0]
    assert row[:3] == (0, 0, 10 * USERS)


def test_the_movie_graph_is_the_published_one(movielens: Scripts) -> None:
    """1,405 movies, 40,043 relationships, each in both directions."""
    (row,) = movielens.rows("09_movie_graph", -1)
    assert (row["nodeCount"], row["relationshipsWritten"]) == (1405, 2 * 40_043)


def test_node2vec_finds_held_out_relationships_better_than_their_neighbours_do(movielens: Scripts) -> None:
    """By the rank of the movie asked for, which an area under the curve does not tell: all are above .9 by that."""
    mrr = {row["method"]: row["mrr"] for row in movielens.rows("10_node2vec", -1)}
    assert mrr["node2vec"] > max(mrr["commonNeighbors"], mrr["adamicAdar"], mrr["degreeProduct"])


def test_the_scripts_model_has_a_loss_curve_to_show(stack: Stack, movielens: Scripts) -> None:
    """Of several iterations, each with less loss than the one before."""
    statement = "CALL bridge.model.info('movies2vec') YIELD modelInfo RETURN modelInfo.losses AS losses"
    losses = stack.row(statement)["losses"]
    assert len(losses) >= 3
    assert losses == sorted(losses, reverse=True)


def test_the_nearest_movies_are_of_a_kind(movielens: Scripts) -> None:
    """Five for each of five; the other Star Wars and the other Godfather come first."""
    rows = movielens.rows("11_similar", -1)
    assert len(rows) == 25
    first = {row["movie"]: row["nearest"] for row in rows if row["rank"] == 1}
    assert first["Godfather, The (1972)"] == "Godfather: Part II, The (1974)"
    assert first["Star Wars: Episode IV - A New Hope (1977)"].startswith("Star Wars: Episode")


def test_a_limit_ends_the_work_of_the_server(stack: Stack, movielens: Scripts) -> None:
    """Six million predictions were asked for and one was taken: the job does not go on to the others."""
    job = "limited"
    assert len(stack.rows(ENDLESS, job=job)) == 1
    status = "CALL bridge.job.list($job) YIELD status RETURN status"
    assert eventually(lambda: stack.row(status, job=job)["status"] == "CANCELLED")
