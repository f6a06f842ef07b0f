// Train the two MovieLens models on what the database has now, and recommend anew. A model that would be worse than the
// one in service is kept but does not serve; the recommendations are those of whichever serves.

:param graph => 'nightly_movielens';
:param topK => 10;
:param tolerance => 0.01;
:param randomSeed => 42;

// Forget the projections of an earlier run by hand
UNWIND [$graph, $graph + '_people'] AS name
CALL gds.graph.drop(name, false) YIELD graphName
RETURN graphName;

// Put movies and their people into memory
CALL gds.graph.project($graph + '_people', ['Movie', 'Person'], {
  ACTED_IN: {orientation: 'UNDIRECTED'},
  DIRECTED: {orientation: 'UNDIRECTED'}
}) YIELD graphName, nodeCount, relationshipCount;

// Describe each movie by the people who made it. The seed stays the same: models know these numbers.
CALL gds.fastRP.write($graph + '_people', {
  embeddingDimension: 56,
  randomSeed: 42,
  writeProperty: 'fastrp'
}) YIELD nodePropertiesWritten;

// Put users, movies, ratings, genres and people into memory
CALL gds.graph.project($graph, {
  User: {},
  Movie: {properties: ['fastrp']},
  Genre: {},
  Person: {}
}, {
  RATED: {properties: ['rating', 'timestamp']},
  IN_GENRE: {},
  ACTED_IN: {},
  DIRECTED: {}
}) YIELD graphName, nodeCount, relationshipCount;

// Turn titles into numbers
CALL bridge.encode.text.mutate($graph, {
  nodeLabels: ['Movie'],
  sourceProperty: 'title',
  mutateProperty: 'titleEmbedding'
}) YIELD nodePropertiesWritten;

// Turn genres into numbers. The named vocabulary keeps each genre's position from night to night, so that versions can be
// compared; a genre that comes later has no position until you give the vocabulary another name.
CALL bridge.encode.multiHot.mutate($graph, {
  nodeLabels: ['Movie'],
  relationshipTypes: ['IN_GENRE'],
  mutateProperty: 'genres',
  vocabulary: 'movielens-genres'
}) YIELD nodePropertiesWritten, valuesIgnored;

// Train the model of ratings
CALL bridge.gnn.train($graph, {
  modelName: 'ratings',
  objective: 'rating',
  sourceNodeLabel: 'User',
  targetRelationshipType: 'RATED',
  targetNodeLabel: 'Movie',
  targetProperty: 'rating',
  timeProperty: 'timestamp',
  featureProperties: {Movie: ['fastrp', 'titleEmbedding', 'genres']},
  promote: 'ifBetter',
  tolerance: $tolerance,
  randomSeed: $randomSeed
}) YIELD modelInfo, trainMillis;

// Train the model of rankings
CALL bridge.gnn.train($graph, {
  modelName: 'recommender',
  objective: 'ranking',
  sourceNodeLabel: 'User',
  targetRelationshipType: 'RATED',
  targetNodeLabel: 'Movie',
  targetProperty: 'rating',
  promote: 'ifBetter',
  tolerance: $tolerance,
  randomSeed: $randomSeed
}) YIELD modelInfo, trainMillis;

// Write the recommendations of the version that serves
CALL bridge.recommend.write($graph, {
  modelName: 'recommender',
  topK: $topK
}) YIELD relationshipsWritten, relationshipsDeleted, relationshipsUnchanged;

// Free the memory
UNWIND [$graph, $graph + '_people'] AS name
CALL gds.graph.drop(name, false) YIELD graphName
RETURN graphName;
