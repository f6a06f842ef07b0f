// Describe each movie by the people who made it: FastRP over Movie-Person, 56 numbers a node.
// The seed matters: a model trained on these numbers needs the same ones when it predicts.

CALL gds.graph.drop('people', false) YIELD graphName;

CALL gds.graph.project('people', ['Movie', 'Person'], {
  ACTED_IN: {orientation: 'UNDIRECTED'},
  DIRECTED: {orientation: 'UNDIRECTED'}
}) YIELD graphName, nodeCount, relationshipCount, projectMillis;

CALL gds.fastRP.write('people', {
  embeddingDimension: 56,
  randomSeed: 42,
  writeProperty: 'fastrp'
}) YIELD nodePropertiesWritten, computeMillis, writeMillis;

CALL gds.graph.drop('people') YIELD graphName;

// A movie without known people gets 56 zeros.
MATCH (movie:Movie)
RETURN count(movie.fastrp) AS movies, count(CASE WHEN all(number IN movie.fastrp WHERE number = 0) THEN 1 END) AS withoutPeople;
