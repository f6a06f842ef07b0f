// Embed the graph of movies that the same users gave five stars, as the database has it now. A version that finds
// held-out relationships worse than the one in service is kept but does not serve.

:param graph => 'nightly_movie_graph';
:param tolerance => 0.01;
:param randomSeed => 42;

// Forget the projection of an earlier run by hand
CALL gds.graph.drop($graph, false) YIELD graphName;

// Put users, movies and ratings into memory
CALL gds.graph.project($graph, ['User', 'Movie'], {RATED: {properties: ['rating']}})
YIELD graphName, nodeCount, relationshipCount;

// Link movies that the same users gave five stars
CALL bridge.cooccurrence.mutate($graph, {
  sourceNodeLabel: 'User',
  targetNodeLabel: 'Movie',
  targetRelationshipType: 'RATED',
  targetProperty: 'rating',
  likedThreshold: 5.0,
  measure: 'weightedPmi',
  minWeight: 10.0,
  mutateRelationshipType: 'LIKED_TOGETHER',
  mutateProperty: 'weight'
}) YIELD nodeCount, relationshipsWritten;

// Embed the movies by node2vec
CALL bridge.node2vec.train($graph, {
  modelName: 'movies2vec',
  nodeLabels: ['Movie'],
  relationshipTypes: ['LIKED_TOGETHER'],
  relationshipWeightProperty: 'weight',
  embeddingDimension: 50,
  promote: 'ifBetter',
  tolerance: $tolerance,
  randomSeed: $randomSeed
}) YIELD modelInfo, trainMillis;

// Free the memory
CALL gds.graph.drop($graph, false) YIELD graphName;
