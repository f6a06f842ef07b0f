"""bridge/client/predictions.py: answers of hosted models."""

from __future__ import annotations

from bridge.client import Address, Client
from bridge.client.predictions import Embeddings, Lists, Ranked, Scores
from bridge.client.values import to_value, to_values
from bridge.v1 import prediction_service_pb2 as wire
from tests.client.fake import Fake, serving


def test_every_answer_names_its_version_and_keeps_the_order() -> None:
    """Keys are integers or strings, as they were in the database."""
    fake = Fake(
        Recommend=lambda request: wire.RecommendResponse(
            model_version=2,
            lists=[
                wire.Recommendations(
                    source=to_value(1), targets=to_values([7, 5]), scores=[0.9, 0.5], fallback=True
                )
            ],
        ),
        Score=lambda request: wire.ScoreResponse(model_version=2, scores=[4.5, 3.0], fallbacks=[False, True]),
        Embed=lambda request: wire.EmbedResponse(
            model_version=3,
            embeddings=[
                wire.NodeEmbedding(key=to_value("a"), values=[0.5, 1.0]), wire.NodeEmbedding(key=to_value("b")),
            ],
        ),
        Similar=lambda request: wire.SimilarResponse(
            model_version=3, lists=[wire.Neighbors(key=to_value("a"), neighbors=to_values(["b"]), similarities=[0.75])]
        ),
    )  # fmt: skip
    with serving(fake) as port, Client(Address(f"127.0.0.1:{port}")) as client:
        answers = client.predictions
        assert answers.recommend("m", [1], top_k=2) == Lists(2, (Ranked(1, (7, 5), (0.9, 0.5), True),))
        assert answers.score("m", [(1, 7), (2, 8)], model_version="best") == Scores(2, (4.5, 3.0), (False, True))
        assert answers.embed("m", ["a", "b"]) == Embeddings(3, ((0.5, 1.0), ()))
        assert answers.similar("m", ["a"], label="Movie") == Lists(3, (Ranked("a", ("b",), (0.75,)),))
    recommend, score, embed, similar = fake.asked
    assert (recommend.top_k, recommend.HasField("min_score")) == (2, False)
    assert (list(score.sources), list(score.targets)) == (to_values([1, 2]), to_values([7, 8]))
    assert (score.model_version, embed.label, similar.label) == ("best", "", "Movie")
