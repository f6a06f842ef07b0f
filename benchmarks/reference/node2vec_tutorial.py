"""The Keras node2vec tutorial on MovieLens, written anew: networkx, plain Python loops, and torch in place of Keras."""

from __future__ import annotations

import math
import random
from collections import defaultdict

import networkx as nx
import numpy as np
import torch
from torch import Tensor, nn

WALKS, STEPS, WINDOW, NEGATIVES = 5, 10, 10, 4
DIMENSION, EPOCHS, BATCH, LEARNING_RATE = 50, 10, 1024, 0.001
START = 0.05
"""Keras draws embeddings uniformly from minus to plus this."""


def build_graph(rated: list[tuple[int, int, float]], liked: float, least_weight: float) -> nx.Graph:
    """Count pairs of movies that a user likes both of, and weigh them by pointwise mutual information."""
    by_user = defaultdict(list)
    for user, movie, stars in rated:
        if stars >= liked:
            by_user[user].append(movie)
    pair_counts: dict[tuple[int, int], int] = defaultdict(int)
    counts: dict[int, int] = defaultdict(int)
    for movies in by_user.values():
        for place, movie in enumerate(movies):
            counts[movie] += 1
            for other in movies[place + 1 :]:
                pair_counts[min(movie, other), max(movie, other)] += 1
    log_total = math.log(sum(counts.values()))
    graph = nx.Graph()
    for (movie, other), count in pair_counts.items():
        weight = count * (math.log(count) - math.log(counts[movie]) - math.log(counts[other]) + log_total)
        if weight >= least_weight:
            graph.add_edge(movie, other, weight=weight)
    return graph


def next_node(graph: nx.Graph, previous: int | None, current: int, p: float, q: float) -> int:
    """Choose a neighbour by weight, biased by p and q."""
    neighbours, weights = [], []
    for neighbour in graph.neighbors(current):
        weight = graph[current][neighbour]["weight"]
        if neighbour == previous:
            weight /= p
        elif previous is not None and not graph.has_edge(neighbour, previous):
            weight /= q
        neighbours.append(neighbour)
        weights.append(weight)
    total = sum(weights)
    return int(np.random.choice(neighbours, size=1, p=[weight / total for weight in weights])[0])


def random_walks(graph: nx.Graph, p: float, q: float) -> list[list[int]]:
    """Start `WALKS` walks of `STEPS` nodes at each node, as positions in the list of nodes."""
    nodes = list(graph.nodes())
    index = {node: place for place, node in enumerate(nodes)}
    walks = []
    for _ in range(WALKS):
        random.shuffle(nodes)
        for node in nodes:
            walk = [node]
            while len(walk) < STEPS:
                walk.append(next_node(graph, walk[-2] if len(walk) > 1 else None, walk[-1], p, q))
            walks.append([index[each] for each in walk])
    return walks


def skip_grams(walk: list[int], nodes: int) -> tuple[list[tuple[int, int]], list[int]]:
    """Pair every node with those in its window, and each of `NEGATIVES` times as many with a uniform node."""
    pairs = [
        (node, walk[other])
        for place, node in enumerate(walk)
        for other in range(max(0, place - WINDOW), min(len(walk), place + WINDOW + 1))
        if other != place
    ]
    targets = [target for target, _ in pairs]
    random.shuffle(targets)
    noise = [(targets[k % len(targets)], random.randrange(nodes)) for k in range(len(pairs) * NEGATIVES)]
    return pairs + noise, [1] * len(pairs) + [0] * len(noise)


def examples(walks: list[list[int]], nodes: int) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Count equal (target, context, label); return targets, contexts, labels and counts."""
    counts: dict[tuple[int, int, int], int] = defaultdict(int)
    for walk in walks:
        pairs, labels = skip_grams(walk, nodes)
        for (target, context), label in zip(pairs, labels, strict=True):
            counts[target, context, label] += 1
    targets, contexts, labels = (torch.tensor(column) for column in zip(*counts, strict=True))
    return targets, contexts, labels.float(), torch.tensor(list(counts.values()), dtype=torch.float32)


def train(data: tuple[Tensor, Tensor, Tensor, Tensor], nodes: int) -> tuple[np.ndarray, list[float]]:
    """Learn one table of vectors whose dot product says which pairs are of walks; return it with a loss an epoch."""
    table = nn.Embedding(nodes, DIMENSION)
    nn.init.uniform_(table.weight, -START, START)
    optimizer = torch.optim.Adam(table.parameters(), lr=LEARNING_RATE)
    losses = []
    for _ in range(EPOCHS):
        order = torch.randperm(len(data[0]))
        total = 0.0
        for batch in order.split(BATCH):
            target, context, label, weight = (column[batch] for column in data)
            optimizer.zero_grad()
            logits = (table(target) * table(context)).sum(dim=1)
            loss = nn.functional.binary_cross_entropy_with_logits(logits, label, weight)
            loss.backward()
            optimizer.step()
            total += float(loss.detach()) * len(batch)
        losses.append(total / len(order))
    return table.weight.detach().numpy(), losses
