// Predict stars for what user 1 rated, beside what they gave.

MATCH (user:User {userId: 1})
CALL bridge.predict.stream('movies', {
  modelName: 'ratings',
  pairRelationshipType: 'RATED',
  sourceNodeFilter: [user]
}) YIELD sourceNodeId, targetNodeId, score
WITH user, gds.util.asNode(targetNodeId) AS movie, score
MATCH (user)-[rated:RATED]->(movie)
RETURN movie.title AS title, rated.rating AS rating, round(score, 2) AS predicted
ORDER BY rated.timestamp DESC, movie.movieId LIMIT 10;
