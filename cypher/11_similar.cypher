// The five nearest movies to each of five, by the cosine of their vectors.

MATCH (movie:Movie)
WHERE movie.title IN ['Matrix, The (1999)', 'Star Wars: Episode IV - A New Hope (1977)', 'Lion King, The (1994)',
  'Terminator 2: Judgment Day (1991)', 'Godfather, The (1972)']
WITH collect(movie) AS movies
CALL bridge.similar.stream('tastes', {modelName: 'movies2vec', sourceNodeFilter: movies, topK: 5})
YIELD sourceNodeId, targetNodeId, similarity, rank
RETURN gds.util.asNode(sourceNodeId).title AS movie, rank, gds.util.asNode(targetNodeId).title AS nearest,
  round(similarity, 3) AS similarity
ORDER BY movie, rank;
