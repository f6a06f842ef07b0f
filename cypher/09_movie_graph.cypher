// A graph of movies made from taste: two movies are linked when the same users gave both five stars, more often than
// chance would have it. Each relationship weighs count · pointwise mutual information.

CALL gds.graph.drop('tastes', false) YIELD graphName;

CALL gds.graph.project('tastes', ['User', 'Movie'], {RATED: {properties: ['rating']}})
YIELD graphName, nodeCount, relationshipCount, projectMillis;

CALL bridge.cooccurrence.mutate('tastes', {
  sourceNodeLabel: 'User',
  targetNodeLabel: 'Movie',
  targetRelationshipType: 'RATED',
  targetProperty: 'rating',
  likedThreshold: 5.0,
  measure: 'weightedPmi',
  minWeight: 10.0,
  mutateRelationshipType: 'LIKED_TOGETHER',
  mutateProperty: 'weight'
}) YIELD nodeCount, relationshipsWritten, computeMillis, mutateMillis;
