"""Exports of embeddings: files for the Embedding Projector, pictures."""

import json
import re
import struct
from itertools import combinations

import numpy as np
import pytest

from bridge.__main__ import main
from bridge.core.errors import FailedPreconditionError, InvalidArgumentError, NotFoundError
from bridge.runtime import export_map, export_rows
from bridge.runtime.export import Address, ProjectorExport, projector

NASTY = '<script>alert("1")</script> & „Die Hölle"\tvon\r\nÜ – $1 and $2'
"""A title with all that breaks tables, markup and typesetting."""


class Database:
    """Answers the statements of an export, and keeps what it was asked."""

    def __init__(self, nodes, *, losses=(0.7, 0.5, 0.4), projection="movies", graphs=("movies",)):
        """`nodes`: id → (vector, degree, labels, properties), in the order in which the rows come."""
        self.nodes = nodes
        self.info = {"losses": list(losses), "projection": {"name": projection}} if projection else {}
        self.graphs = graphs
        self.champion = 2
        self.asked = []

    def __call__(self, statement, **parameters):
        self.asked.append((statement, parameters))
        if statement == export_rows.MODEL:
            return self.model(**parameters)
        if statement == export_rows.PROJECTIONS:
            return [(name,) for name in self.graphs]
        if statement == export_rows.PROPERTY_KEYS:
            return [(key,) for key in sorted({key for node in self.nodes.values() for key in node[3]})]
        assert statement == export_rows.EMBEDDINGS
        wanted = parameters["columns"]
        return [
            (node_id, list(map(float, vector)), degree, labels,
             [[key, value] for key, value in properties.items() if wanted is None or key in wanted])
            for node_id, (vector, degree, labels, properties) in self.nodes.items()
        ]  # fmt: skip

    def model(self, model, version):
        """Answer what is known of a version; version 1 was trained when losses were not kept."""
        if model != "walks":
            raise NotFoundError(f"Model with name `{model}` does not exist.")
        number = {None: self.champion, "night": 1}.get(version, version)
        return [(number, self.info if number == 2 else {**self.info, "losses": None})]


def movies(count=40, seed=3):
    """Return nodes of shuffled ids whose title holds the first number of their vector."""
    rng = np.random.default_rng(seed)
    ids = rng.permutation(10 * count)[:count]
    vectors = rng.normal(size=(count, 6)).astype(np.float32)
    return {
        int(node_id): (vector, 100 - place, ["Movie"], {"year": 1900 + place, "title": f"{vector[0]!s} of {node_id}"})
        for place, (node_id, vector) in enumerate(zip(ids, vectors, strict=True))
    }


def exported(tmp_path, database, **wanted):
    """Write an export; return its folder and what was said."""
    said = projector(database, ProjectorExport("walks", tmp_path / "out", **wanted))
    return tmp_path / "out", "\n".join(said)


def lines(path):
    """Return a file's lines as the projector splits them."""
    text = path.read_bytes().decode()
    assert text.endswith("\n")
    return text[:-1].split("\n")


def page_data(folder):
    """Return the data inside the page."""
    page = (folder / "map.html").read_text()
    return json.loads(re.search(r'<script id="data" type="application/json">(.*?)</script>', page, re.DOTALL)[1])


def test_row_i_of_both_files_is_the_same_node(tmp_path):
    """For shuffled ids: each title tells its own vector's first number, after one line of names."""
    nodes = movies()
    folder, _ = exported(tmp_path, Database(nodes))
    vectors, metadata = lines(folder / "vectors.tsv"), lines(folder / "metadata.tsv")
    assert metadata[0] == "title\tyear"
    assert len(vectors) == len(metadata) - 1 == len(nodes)
    for vector, row in zip(vectors, metadata[1:], strict=True):
        assert row.split(" of ")[0] == vector.split("\t")[0]


def test_one_column_has_no_header(tmp_path):
    """The projector would take it for the first node's label."""
    nodes = movies()
    folder, _ = exported(tmp_path, Database(nodes), columns=("title",))
    assert lines(folder / "metadata.tsv") == [properties["title"] for *_, properties in nodes.values()]


def test_columns_stand_in_the_order_asked_for(tmp_path):
    """Labels and ids among them."""
    nodes = {7: ([1.0, 2.0], 1, ["Movie", "Film"], {"title": "Heat", "year": 1995})}
    folder, _ = exported(tmp_path, Database(nodes), columns=("year", "nodeId", "labels", "title"))
    assert lines(folder / "metadata.tsv") == ["year\tnodeId\tlabels\ttitle", "1995\t7\tFilm:Movie\tHeat"]


def test_the_default_columns_are_strings_first_then_labels_where_they_differ(tmp_path):
    """The string that most nodes have is the title."""
    nodes = {
        1: ([1.0, 2.0], 3, ["Movie"], {"age": 1.5, "title": "Heat", "seen": True}),
        2: ([2.0, 1.0], 2, ["Movie"], {"title": "Alien"}),
        3: ([0.0, 1.0], 1, ["Person"], {"name": "Al"}),
    }
    folder, _ = exported(tmp_path, Database(nodes))
    assert lines(folder / "metadata.tsv") == [
        "title\tname\tage\tseen\tlabels",
        "Heat\t\t1.5\ttrue\tMovie",
        "Alien\t\t\t\tMovie",
        "\tAl\t\t\tPerson",
    ]
    assert page_data(folder)["titles"] == ["Heat", "Alien", "Al"]


def test_nodes_that_have_the_first_column_are_named_first(tmp_path):
    """Of those, the ones with most relationships."""
    nodes = {
        1: ([1.0, 2.0], 3, ["User"], {"userId": 7}),
        2: ([2.0, 1.0], 2, ["Movie"], {"title": "Alien"}),
        3: ([0.0, 1.0], 1, ["Movie"], {"title": "Heat"}),
    }
    folder, _ = exported(tmp_path, Database(nodes), columns=("title", "userId"))
    assert page_data(folder)["order"] == [1, 2, 0]


def test_a_title_of_tabs_and_line_breaks_stays_in_its_cell(tmp_path):
    """Quotes and umlauts stay as they are."""
    nodes = {1: ([1.0, 2.0], 1, ["Movie"], {"title": NASTY}), 2: ([1.0, 0.0], 1, ["Movie"], {"title": "\u2028a\vb"})}
    folder, _ = exported(tmp_path, Database(nodes), columns=("title",))
    cleaned = '<script>alert("1")</script> & „Die Hölle" von Ü – $1 and $2'
    assert lines(folder / "metadata.tsv") == [cleaned, " a b"]


def test_a_node_that_says_nothing_keeps_its_line(tmp_path):
    """The projector skips blank lines; all later rows would slip."""
    nodes = {
        1: ([1.0, 2.0], 2, ["Movie"], {"title": "Heat"}),
        2: ([2.0, 2.0], 1, ["Movie"], {}),
        3: ([1.0, 3.0], 1, ["Movie"], {"title": " \u00a0"}),
    }
    folder, _ = exported(tmp_path, Database(nodes), columns=("title",))
    assert lines(folder / "metadata.tsv") == ["Heat", "node 2", "node 3"]


def test_numbers_read_back_as_the_same_float32(tmp_path):
    """Tiny, huge, thirds, zero of either sign."""
    vector = np.array([1 / 3, 1e-45, 3.4028235e38, 0.1, -0.0, 16777216.0], dtype=np.float32)
    folder, _ = exported(tmp_path, Database({1: (vector, 1, ["A"], {"name": "a"})}))
    read = np.array(lines(folder / "vectors.tsv")[0].split("\t"), dtype=np.float32)
    assert read.tobytes() == vector.tobytes()


def test_one_statement_gives_vectors_with_metadata_by_parameters_alone(tmp_path):
    """Model, version, projection, columns and limit reach it; nothing else is asked of the nodes."""
    database = Database(movies())
    exported(tmp_path, database, columns=("title",), limit=5, version=1, graph="movies")
    asked = [parameters for statement, parameters in database.asked if statement == export_rows.EMBEDDINGS]
    configuration = {"modelName": "walks", "modelVersion": 1}
    assert asked == [{"graph": "movies", "configuration": configuration, "columns": ["title"], "limit": 5}]


@pytest.mark.parametrize(("asked", "meant"), [(None, 2), ("night", 1), (1, 1)])
def test_an_export_stays_with_the_version_that_it_began_with(asked, meant, tmp_path):
    """What is promoted meanwhile is not mixed in: version and losses are read at once, vectors by the number."""
    database = Database(movies())
    answer = database.model

    def promoted_afterwards(**parameters):
        rows = answer(**parameters)
        database.champion = 3
        return rows

    database.model = promoted_afterwards
    folder, said = exported(tmp_path, database, version=asked)
    (configuration,) = [given["configuration"] for text, given in database.asked if text == export_rows.EMBEDDINGS]
    assert configuration == {"modelName": "walks", "modelVersion": meant}
    assert sum(statement == export_rows.MODEL for statement, _ in database.asked) == 1
    assert f"Model `walks`, version {meant}, in " in said
    assert f"Embedding of model walks, version {meant}" in (folder / "map.html").read_text()


def test_the_page_loads_nothing_and_holds_every_title_harmlessly(tmp_path):
    """No address anywhere, and no title is markup."""
    nodes = movies() | {5000: (np.ones(6, np.float32), 1, ["Movie"], {"title": NASTY, "year": 1})}
    folder, _ = exported(tmp_path, Database(nodes))
    page = (folder / "map.html").read_text()
    assert "http:" not in page
    assert "https:" not in page
    assert re.findall(r"(?:src|href)\s*=\s*[\"']?([^\"'>\s]*)", page) == ["data:,"]
    assert not re.search(r"url\(|@import|fetch\(|XMLHttp", page)
    assert len(re.findall(r"<script", page)) == 2
    assert r"\u003cscript\u003ealert" in page
    data = page_data(folder)
    assert data["rows"] == [line.split("\t") for line in lines(folder / "metadata.tsv")[1:]]
    assert data["titles"][-1].startswith("<script>alert")
    assert len(data["points"]) == len(data["groups"]) == len(nodes)


def test_pictures_have_their_size_and_the_page_has_the_curve(tmp_path):
    """PNGs of the stated inches; a point of the curve for each loss."""
    folder, said = exported(tmp_path, Database(movies()))
    assert png_size(folder / "map.png") == (1600, 1200)
    assert png_size(folder / "loss.png") == (1200, 720)
    assert (folder / "map.html").read_text().count("<circle") == 3
    assert "3 iterations" in said


def drawn(monkeypatch, draw):
    """Return the figure that a picture is saved from."""
    figures = []
    monkeypatch.setattr(export_map, "_save", lambda figure, path: figures.append(figure))
    draw()
    figures[0].draw_without_rendering()
    return figures[0]


def test_a_curve_counts_whole_iterations(tmp_path, monkeypatch):
    """Also of a single one: nothing happens at iteration 0.975."""
    for losses in ([2.7], [2.7, 2.5], [2.7, 2.5, 2.4, 2.3, 2.2]):
        figure = drawn(monkeypatch, lambda losses=losses: export_map.write_losses(tmp_path, losses, "iteration", ""))
        assert all(tick == round(tick) for tick in figure.axes[0].get_xticks())


def test_names_of_highlighted_nodes_do_not_cover_each_other(tmp_path, monkeypatch):
    """Three that lie together, as films that the same people like do, have names side by side or in a column."""
    points = np.array([[0, 0], [1, 1], [0.5, 0.5], [0.515, 0.49], [0.52, 0.48]])
    titles = ["", "", "Star Wars: Episode IV - A New Hope (1977)", "Terminator 2: Judgment Day (1991)", "The Matrix"]
    named = export_map.Named(titles, ["Movie"] * 5, [], [2, 3, 4])
    figure = drawn(monkeypatch, lambda: export_map.write_map(tmp_path, export_map.Layout(points, ""), named, ""))
    boxes = [text.get_window_extent() for text in figure.axes[0].texts]
    assert len(boxes) == 3
    assert not any(one.overlaps(other) for one, other in combinations(boxes, 2))


def test_without_losses_there_is_no_curve_and_no_old_one(tmp_path):
    """A curve of an earlier export would tell of another version."""
    folder, _ = exported(tmp_path, Database(movies()))
    _, said = exported(tmp_path, Database(movies()), version=1)
    assert not (folder / "loss.png").exists()
    assert "<svg" not in (folder / "map.html").read_text()
    assert "losses are not known" in said
    assert sorted(path.name for path in folder.iterdir()) == ["map.html", "map.png", "metadata.tsv", "vectors.tsv"]


def test_the_same_seed_gives_the_same_map_of_the_neighbourhoods():
    """Two camps of directions lie apart, whatever the vectors' lengths."""
    rng = np.random.default_rng(5)
    camp = np.arange(60) % 2
    directions = np.where(camp[:, None] == 0, [1.0, 0, 0, 0], [0, 1.0, 0, 0]) + rng.normal(size=(60, 4)) * 0.1
    vectors = (directions * rng.uniform(0.1, 9, size=(60, 1))).astype(np.float32)
    layout = export_map.lay_out(vectors, seed=1)
    assert np.array_equal(layout.points, export_map.lay_out(vectors, seed=1).points)
    apart = np.linalg.norm(layout.points[:, None] - layout.points[None], axis=2)
    np.fill_diagonal(apart, np.inf)
    assert (camp[apart.argmin(axis=1)] == camp).all()


@pytest.mark.parametrize("shape", [(1, 1), (2, 3), (export_map.TSNE_MOST_NODES + 1, 2)])
def test_very_few_and_very_many_nodes_are_laid_out_too(shape):
    """By PCA where t-SNE says nothing or takes too long; the picture's frame holds them."""
    layout = export_map.lay_out(np.random.default_rng(0).normal(size=shape).astype(np.float32), seed=0)
    assert layout.points.shape == (shape[0], 2)
    assert layout.points.min() == 0
    assert layout.points.max() <= 1
    assert "PCA" in layout.method


def test_highlighted_nodes_are_found_from_the_start_of_a_word(tmp_path):
    """`Matrix, The` is not in `Animatrix, The`."""
    names = ("Animatrix, The", "Matrix, The", "The matrix, the book")
    nodes = {i: (np.eye(3)[i], 1, ["Movie"], {"title": name}) for i, name in enumerate(names)}
    folder, _ = exported(tmp_path, Database(nodes), highlight=("matrix, the",))
    assert page_data(folder)["highlighted"] == [1, 2]
    with pytest.raises(InvalidArgumentError, match=r"No node is called `Metrix, The`.*Did you mean"):
        exported(tmp_path, Database(nodes), highlight=("Metrix, The",))


@pytest.mark.parametrize(
    ("database", "wanted", "error", "text"),
    [
        ({}, {"columns": ("titel",)}, NotFoundError, "`titel`. Did you mean `title`? Choose among `title`, `year`"),
        ({"graphs": ("movie",)}, {}, NotFoundError, "`movies`, which model `walks` was trained on, does not exist."),
        ({"graphs": ()}, {"graph": "x"}, NotFoundError, "There are none. Project the nodes"),
        ({"projection": None}, {}, FailedPreconditionError, "pass the projection by `--graph`"),
        ({"nodes": {}}, {}, FailedPreconditionError, "has no vector for any node of projection `movies`"),
        ({"nodes": {1: ([np.nan, 1], 1, [], {})}}, {}, FailedPreconditionError, "1 of 1 vectors"),
    ],
)  # fmt: skip
def test_what_cannot_be_exported_is_said_with_the_next_step(tmp_path, database, wanted, error, text):
    """And no file is written or left over, nor an old one touched."""
    folder, _ = exported(tmp_path, Database(movies()))
    before = {path.name: path.read_bytes() for path in folder.iterdir()}
    with pytest.raises(error) as raised:
        exported(tmp_path, Database(**({"nodes": movies()} | database)), **wanted)
    assert text in raised.value.message
    assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_an_unknown_model_and_a_folder_that_is_a_file_are_refused(tmp_path):
    """Each with what to do."""
    with pytest.raises(NotFoundError, match="Model with name `x` does not exist"):
        projector(Database(movies()), ProjectorExport("x", tmp_path / "new"))
    assert not (tmp_path / "new").exists()
    (tmp_path / "out").write_text("mine")
    with pytest.raises(FailedPreconditionError, match=r"Cannot write to .*--out"):
        exported(tmp_path, Database(movies()))
    assert (tmp_path / "out").read_text() == "mine"


def test_the_password_is_the_first_line_of_its_file(tmp_path):
    """A missing file is named."""
    (tmp_path / "password").write_text("s3cret \n")
    assert Address.at("bolt://x", "me", str(tmp_path / "password")).password == "s3cret "
    with pytest.raises(FailedPreconditionError, match=r"Cannot read the password from .*none"):
        Address.at("bolt://x", "me", str(tmp_path / "none"))


@pytest.mark.parametrize(
    ("where", "said"),
    [
        (["--uri", "bolt://127.0.0.1:1"], "Cannot talk to Neo4j at bolt://127.0.0.1:1"),
        (["--uri", "gopher://x"], "Cannot talk to Neo4j at gopher://x"),
        (["--home", "nowhere"], "Neo4j is not running on"),
    ],
)
def test_the_command_says_where_it_found_no_database(where, said, tmp_path, monkeypatch, capsys):
    """In one line, with exit status 1."""
    monkeypatch.chdir(tmp_path)
    assert main(["export", "projector", "walks", "--out", "out", *where]) == 1
    assert capsys.readouterr().err.startswith(f"bridge: {said}")


def png_size(path):
    """Return width and height in pixels, as the file's header has them."""
    head = path.read_bytes()[:24]
    assert head[:8] == b"\x89PNG\r\n\x1a\n"
    return struct.unpack(">II", head[16:])
